import type { StoreItem } from "#protocol/store.ts";
import type { JsonObject } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";

/** The store's items, of one owner. */
export interface StoreService {
  /** `index`: what is embedded of it, false for nothing. `ttl` in minutes, null for ever; as configured when absent. A failing embedding stores nothing. */
  put(caller: Caller, input: { namespace: string[]; key: string; value: JsonObject; index?: false | string[]; ttl?: number | null }): Promise<void>;
  /** `refresh_ttl`: whether this read lets the item's time begin anew; as configured when absent. */
  get(caller: Caller, input: { namespace: string[]; key: string; refresh_ttl?: boolean }): Promise<StoreItem | null>;
  delete(caller: Caller, input: { namespace: string[]; key: string }): Promise<void>;
  search(caller: Caller, input: Page & { namespace_prefix: string[]; filter?: JsonObject; query?: string; refresh_ttl?: boolean }): Promise<StoreItem[]>;
  namespaces(caller: Caller, input: Page & { prefix?: string[]; suffix?: string[]; max_depth?: number }): Promise<string[][]>;
}
