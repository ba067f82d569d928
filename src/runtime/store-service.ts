import type { Item } from "@langchain/langgraph-checkpoint";
import { AppError } from "#errors";
import type { Caller, StoreItem, StoreService } from "#ports/services.ts";
import { OwnedStore } from "./owned-store.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toPlain } from "./serialise.ts";

/** The long-term store of the HTTP API: what graphs see as `config.store`. */
export function makeStoreService(context: RuntimeContext): StoreService {
  const of = (caller: Caller) => new OwnedStore(context.store, caller.owner);
  return {
    async put(caller, input) {
      await naming(() => of(caller).put(input.namespace, input.key, input.value));
    },
    async get(caller, input) {
      const item = await of(caller).get(input.namespace, input.key);
      return item === null ? null : wireItem(item);
    },
    async delete(caller, input) {
      await of(caller).delete(input.namespace, input.key);
    },
    async search(caller, input) {
      const items = await of(caller).search(input.namespace_prefix, {
        limit: input.limit,
        offset: input.offset,
        ...(input.filter === undefined ? {} : { filter: input.filter }),
        ...(input.query === undefined ? {} : { query: input.query }),
      });
      return items.map(wireItem);
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
async function naming(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidNamespaceError") throw new AppError("invalid_request", error.message, { cause: error });
    throw error;
  }
}

function wireItem(item: Item): StoreItem {
  return {
    namespace: item.namespace,
    key: item.key,
    value: toPlain(item.value) as StoreItem["value"],
    created_at: item.createdAt.toISOString(),
    updated_at: item.updatedAt.toISOString(),
  };
}
