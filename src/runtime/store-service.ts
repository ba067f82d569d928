import type { GetOperation, SearchItem, SearchOperation } from "@langchain/langgraph-checkpoint";
import { AppError } from "#errors";
import type { Caller, StoreItem, StoreService } from "#ports/services.ts";
import { OwnedStore } from "./owned-store.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toPlain } from "./serialise.ts";
import type { RefreshingRead, TimedPut } from "./store.ts";

/** The long-term store of the HTTP API: what graphs see as `config.store`. */
export function makeStoreService(context: RuntimeContext): StoreService {
  const of = (caller: Caller) => new OwnedStore(context.store, caller.owner);
  return {
    async put(caller, input) {
      const { namespace, key, value, index, ttl } = input;
      const put: TimedPut = { namespace, key, value, ...(index === undefined ? {} : { index }), ...(ttl === undefined ? {} : { ttl }) };
      await naming(() => of(caller).batch([put]));
    },
    async get(caller, input) {
      const [item] = await of(caller).batch([{ namespace: input.namespace, key: input.key, ...refreshing(input) } satisfies RefreshingRead<GetOperation>]);
      return item ? wireItem(item) : null;
    },
    async delete(caller, input) {
      await of(caller).delete(input.namespace, input.key);
    },
    async search(caller, input) {
      const search: RefreshingRead<SearchOperation> = {
        namespacePrefix: input.namespace_prefix,
        limit: input.limit,
        offset: input.offset,
        ...(input.filter === undefined ? {} : { filter: input.filter }),
        ...(input.query === undefined ? {} : { query: input.query }),
        ...refreshing(input),
      };
      const [items] = await of(caller).batch([search]);
      return (items ?? []).map(wireItem);
    },
    async namespaces(caller, input) {
      return of(caller).listNamespaces({
        limit: input.limit,
        offset: input.offset,
        ...(input.prefix === undefined ? {} : { prefix: input.prefix }),
        ...(input.suffix === undefined ? {} : { suffix: input.suffix }),
        ...(input.max_depth === undefined ? {} : { maxDepth: input.max_depth }),
      });
    },
  };
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
