import {
  BaseStore,
  InvalidNamespaceError,
  type Item,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
} from "@langchain/langgraph-checkpoint";
import type { Database } from "#db/client.ts";
import { getItem, listNamespaces, putItems, searchItems, type StoreRow } from "#db/queries/store-items.ts";
import { AppError } from "#errors";

/**
 * LangGraph's long-term store on the project's database: what graphs get as `config.store`. Namespaces are arrays, so `["a", "b"]` never
 * finds `["a", "bc"]`. Owners are kept apart by whoever hands it out (`owned-store.ts`). `query` is not read yet: results are those of
 * prefix and filter.
 */
export class Store extends BaseStore {
  readonly #database: Database;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  /** Reads see the state before the batch; its writes then happen together, the last one of a key counting. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const puts = new Map<string, PutOperation>();
    for (const operation of operations) {
      if (isPut(operation)) puts.set(JSON.stringify([checkNamespace(operation.namespace), operation.key]), operation);
    }
    const results = await Promise.all(operations.map((operation) => this.#read(operation)));
    if (puts.size > 0)
      await putItems(
        this.#database.sql,
        [...puts.values()].map(({ namespace, key, value }) => ({ namespace, key: checkText("key", key), value })),
      );
    // one result an operation, in order, each of the shape of its operation
    return results as OperationResults<Op>;
  }

  async #read(operation: Operation): Promise<Item | SearchItem[] | string[][] | null | undefined> {
    const { sql } = this.#database;
    if (isPut(operation)) return undefined;
    if ("namespacePrefix" in operation) {
      const { namespacePrefix, filter = {}, limit = 10, offset = 0 } = operation;
      const rows = await searchItems(sql, { prefix: namespacePrefix.map((label) => checkText("namespace", label)), filter, limit, offset });
      return rows.map(toItem);
    }
    if ("key" in operation) {
      const row = await getItem(sql, checkNamespace(operation.namespace), checkText("key", operation.key));
      return row && toItem(row);
    }
    const rules = (operation.matchConditions ?? []).map(({ matchType, path }) => ({
      end: matchType,
      path: path.map((label) => checkText("namespace", label)),
    }));
    return await listNamespaces(sql, { rules, depth: operation.maxDepth ?? null, limit: operation.limit ?? 100, offset: operation.offset ?? 0 });
  }
}

function isPut(operation: Operation): operation is PutOperation {
  return "value" in operation;
}

function toItem(row: StoreRow): Item {
  return { namespace: row.namespace, key: row.key, value: row.value, createdAt: row.created_at, updatedAt: row.updated_at };
}

function checkNamespace(namespace: string[]): string[] {
  if (namespace.length === 0 || namespace.some((label) => typeof label !== "string" || label === "")) {
    throw new InvalidNamespaceError("A namespace is a list of labels, none of them empty.");
  }
  for (const label of namespace) checkText("namespace", label);
  return namespace;
}

/** Ids are refused rather than cleaned, since cleaning could make two of them one. */
function checkText(name: string, text: string): string {
  if (typeof text !== "string" || text.includes("\0") || !text.isWellFormed())
    throw new AppError("invalid_request", `The store's ${name} holds characters that it cannot have.`);
  return text;
}
