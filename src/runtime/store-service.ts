import type { GetOperation, Item, ListNamespacesOperation, MatchCondition, SearchItem, SearchOperation } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { AppError } from "#errors";
import { hasAll, permit } from "#governance/permit.ts";
import type { Access } from "#ports/access.ts";
import { NOT_AUTHORIZED } from "#protocol/auth.ts";
import type { Caller } from "#ports/caller.ts";
import type { StoreService } from "#ports/services/store.ts";
import type { StoreItem } from "#protocol/store.ts";
import { storeOf } from "./owned-store.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toPlain } from "./serialise.ts";
import type { JudgedRead, RefreshingRead, TimedPut } from "./store.ts";

/** The long-term store of the HTTP API: what graphs see as `config.store`. */
export function makeStoreService(context: RuntimeContext): StoreService {
  const of = (caller: Caller) => storeOf(context, caller.owner);

  /** What is there now, which nobody hears of and which its time does not begin anew for. */
  async function peek(caller: Caller, { namespace, key }: Address): Promise<Item | null> {
    // named one by one: an operation that also has a value would be a put
    const [item] = await of(caller).batch([{ namespace, key, refreshTtl: false } satisfies RefreshingRead<GetOperation>]);
    return item ?? null;
  }

  return {
    async put(caller, input) {
      const { index, ttl } = input;
      const { access, value: asked } = await permit(caller, "store:put", { namespace: input.namespace, key: input.key, value: input.value });
      const put = readChanged(ChangedPut, asked);
      await mustMatch(access, put, () => peek(caller, put), put.value);
      const timed: TimedPut = { ...put, ...(index === undefined ? {} : { index }), ...(ttl === undefined ? {} : { ttl }) };
      await naming(() => of(caller).batch([timed]));
    },
    async get(caller, input) {
      const { access, value } = await permit(caller, "store:get", { namespace: input.namespace, key: input.key });
      const address = readChanged(ChangedAddress, value);
      const [item] = await of(caller).batch([{ ...address, ...refreshing(input) } satisfies RefreshingRead<GetOperation>]);
      if (!item) return null;
      if (!hasAll(factsOf(address, item.value), access.contains)) throw missing();
      return wireItem(item);
    },
    async delete(caller, input) {
      const { access, value } = await permit(caller, "store:delete", { namespace: input.namespace, key: input.key });
      const { namespace, key } = readChanged(ChangedAddress, value);
      await mustMatch(access, { namespace, key }, () => peek(caller, { namespace, key }), null);
      await of(caller).delete(namespace, key);
    },
    async search(caller, input) {
      const { limit, offset, filter, query } = input;
      const { access, value } = await permit(caller, "store:search", { namespace: input.namespace_prefix, filter, limit, offset, query });
      const changed = readChanged(ChangedSearch, value);
      const search: JudgedRead<RefreshingRead<SearchOperation>> = {
        namespacePrefix: changed.namespace ?? [],
        contains: access.contains,
        limit,
        offset,
        ...(changed.filter ? { filter: changed.filter } : {}),
        ...(query === undefined ? {} : { query }),
        ...refreshing(input),
      };
      const [items] = await of(caller).batch([search]);
      return (items ?? []).map(wireItem);
    },
    async namespaces(caller, input) {
      const { limit, offset, suffix, max_depth: maxDepth } = input;
      const { access, value } = await permit(caller, "store:list_namespaces", { namespace: input.prefix, suffix, max_depth: maxDepth, limit, offset });
      const changed = readChanged(ChangedNamespaces, value);
      const matchConditions: MatchCondition[] = [];
      if (changed.namespace && changed.namespace.length > 0) matchConditions.push({ matchType: "prefix", path: changed.namespace });
      if (changed.suffix && changed.suffix.length > 0) matchConditions.push({ matchType: "suffix", path: changed.suffix });
      const list: JudgedRead<ListNamespacesOperation> = {
        matchConditions,
        contains: access.contains,
        limit,
        offset,
        ...(maxDepth === undefined ? {} : { maxDepth }),
      };
      const [namespaces] = await of(caller).batch([list]);
      return namespaces ?? [];
    },
  };
}

interface Address {
  namespace: string[];
  key: string;
}

const Labels = z.array(z.string());
const Dictionary = z.record(z.string(), z.unknown());
const ChangedAddress = z.object({ namespace: Labels, key: z.string() });
const ChangedPut = ChangedAddress.extend({ value: Dictionary });
const ChangedSearch = z.object({ namespace: Labels.nullish(), filter: Dictionary.nullish() });
const ChangedNamespaces = z.object({ namespace: Labels.nullish(), suffix: Labels.nullish() });

/** A rule may rewrite where a call goes: `["memories"]` to `[user, "memories"]`. */
function readChanged<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError("internal", "A rule of the project's auth made something else of a call to the store than a call to the store.", { cause: parsed.error });
}

const missing = () => new AppError("not_found", "Item not found");

/** What is there must be within reach; where nothing is, what is about to be there must be (`null`: nothing). */
async function mustMatch(access: Access, address: Address, peek: () => Promise<Item | null>, next: Record<string, unknown> | null): Promise<void> {
  if (Object.keys(access.contains).length === 0) return;
  const there = await peek();
  if (there !== null && !hasAll(factsOf(address, there.value), access.contains)) throw missing();
  const judgesNext = next !== null || there === null;
  if (judgesNext && !hasAll(factsOf(address, next ?? {}), access.contains)) throw new AppError("forbidden", NOT_AUTHORIZED);
}

/** What a filter of a rule is held against. */
function factsOf(address: Address, value: Record<string, unknown>): Record<string, unknown> {
  return { ...value, namespace: address.namespace, key: address.key };
}

/** A namespace that LangGraph refuses is the client's mistake. */
async function naming(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidNamespaceError") throw new AppError("invalid_request", error.message, { cause: error });
    throw error;
  }
}

function refreshing(input: { refresh_ttl?: boolean }): { refreshTtl?: boolean } {
  return input.refresh_ttl === undefined ? {} : { refreshTtl: input.refresh_ttl };
}

function wireItem(item: SearchItem): StoreItem {
  return {
    namespace: item.namespace,
    key: item.key,
    value: toPlain(item.value) as StoreItem["value"],
    created_at: item.createdAt.toISOString(),
    updated_at: item.updatedAt.toISOString(),
    ...(item.score === undefined ? {} : { score: item.score }),
  };
}
