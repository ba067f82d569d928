import type { Assistant, JsonObject } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";

/** Graphs with settings of their own. */
export interface AssistantsService {
  create(
    caller: Caller,
    input: {
      graph_id: string;
      assistant_id?: string;
      name?: string;
      description?: string | null;
      config?: JsonObject;
      context?: JsonObject;
      metadata?: JsonObject;
      if_exists?: "raise" | "do_nothing";
    },
  ): Promise<Assistant>;
  /** By uuid or graph id. */
  get(caller: Caller, assistantId: string): Promise<Assistant>;
  search(
    caller: Caller,
    input: Page & { graph_id?: string; name?: string; metadata?: JsonObject; sort_by?: string; sort_order?: "asc" | "desc" },
  ): Promise<{ items: Assistant[]; total: number }>;
  update(
    caller: Caller,
    assistantId: string,
    input: { graph_id?: string; name?: string; description?: string | null; config?: JsonObject; context?: JsonObject; metadata?: JsonObject },
  ): Promise<Assistant>;
  /** Answers the id of what is gone. */
  delete(caller: Caller, assistantId: string): Promise<string>;
  versions(caller: Caller, assistantId: string, input: Page & { metadata?: JsonObject }): Promise<JsonObject[]>;
  setLatest(caller: Caller, assistantId: string, version: number): Promise<Assistant>;
  /** `xray`: expand subgraphs, `true` or a depth. */
  graph(caller: Caller, assistantId: string, xray: boolean | number): Promise<JsonObject>;
  schemas(caller: Caller, assistantId: string): Promise<JsonObject>;
  subgraphs(caller: Caller, assistantId: string, input: { namespace?: string; recurse: boolean }): Promise<JsonObject>;
}
