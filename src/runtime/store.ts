import {
  BaseStore,
  type GetOperation,
  InvalidNamespaceError,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import type { Database } from "#db/client.ts";
import { putStoreItems, type StorePutRow } from "#db/queries/put-store-items.ts";
import { readStoreVectors } from "#db/queries/read-store-vectors.ts";
import { getItems, listNamespaces, refreshItems, searchItems, type StoreRow } from "#db/queries/store-items.ts";
import { AppError } from "#errors";
import { Nearest } from "./nearest.ts";
import type { StoreOptions } from "./store-settings.ts";
import { textsAt } from "./store-texts.ts";
import { bytesOf, embedTexts, likeness } from "./store-vectors.ts";

/** What the HTTP API can say beyond LangGraph's operations. Minutes; null: for ever; absent: as configured. */
export type TimedPut = PutOperation & { ttl?: number | null };
export type RefreshingRead<Read extends GetOperation | SearchOperation> = Read & { refreshTtl?: boolean };

/** What a rule of the project wants of every item that is found (`store-filter.ts`). */
export type JudgedRead<Read extends SearchOperation | ListNamespacesOperation> = Read & { contains?: Record<string, unknown> };

/**
 * LangGraph's long-term store on the project's database: what graphs get as `config.store`. Namespaces are arrays, so `["a", "b"]` never
 * finds `["a", "bc"]`. Owners are kept apart by whoever hands it out (`owned-store.ts`).
 *
 * With an index, the texts of an item are embedded before anything is written: when the model fails the put fails, and what was there
 * stays. A search with `query` compares the query with every vector under the prefix that passes the filter (exact; 0.6 s for
 * 10,000 vectors of 1,536 numbers), best first, and finds only items that have vectors. Without an index `query` changes nothing.
 */
export class Store extends BaseStore {
  readonly #database: Database;
  readonly #options: StoreOptions;

  constructor(database: Database, options: StoreOptions = {}) {
    super();
    this.#database = database;
    this.#options = options;
  }

  /** Reads see the state before the batch; its writes then happen together, the last one of a key counting. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const puts = new Map<string, TimedPut>();
    for (const operation of operations) {
      if (isPut(operation)) puts.set(JSON.stringify([checkNamespace(operation.namespace), checkText("key", operation.key)]), operation);
    }
    const [rows, results] = await Promise.all([this.#rowsOf(puts), Promise.all(operations.map((operation) => this.#read(operation)))]);
    if (rows.length > 0) await putStoreItems(this.#database.sql, rows);
    // one result an operation, in order, each of the shape of its operation
    return results as OperationResults<Op>;
  }

  /** Everything that is asked of a model is asked here, before a connection is taken. */
  async #rowsOf(puts: ReadonlyMap<string, TimedPut>): Promise<StorePutRow[]> {
    const sorted = [...puts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, put]) => put);
    const { index, ttl } = this.#options;
    const texts = sorted.map(({ value, index: fields }) =>
      index === undefined || value === null || fields === false ? [] : [...new Set((fields ?? index.fields).flatMap((field) => textsAt(value, field)))],
    );
    const vectors = index === undefined ? [] : await embedTexts(index, texts.flat());
    let next = 0;
    return sorted.map((put, place) => {
      const count = texts[place]?.length ?? 0;
      next += count;
      return {
        namespace: put.namespace,
        key: put.key,
        value: put.value,
        ttl: put.ttl === undefined ? (ttl?.defaultMinutes ?? null) : put.ttl,
        vectors: vectors.slice(next - count, next).map(bytesOf),
      };
    });
  }

  async #read(operation: Operation): Promise<Item | SearchItem[] | string[][] | null | undefined> {
    const { sql } = this.#database;
    if (isPut(operation)) return undefined;
    if ("namespacePrefix" in operation) return this.#search(operation);
    if ("key" in operation) return this.#get(operation);
    const rules = (operation.matchConditions ?? []).map(({ matchType, path }) => ({
      end: matchType,
      path: path.map((label) => checkText("namespace", label)),
    }));
    const { contains }: JudgedRead<ListNamespacesOperation> = operation;
    return await listNamespaces(sql, { rules, contains, depth: operation.maxDepth ?? null, limit: operation.limit ?? 100, offset: operation.offset ?? 0 });
  }

  async #get(operation: RefreshingRead<GetOperation>): Promise<Item | null> {
    const [row] = await getItems(this.#database.sql, [{ namespace: checkNamespace(operation.namespace), key: checkText("key", operation.key) }]);
    if (row === undefined) return null;
    await this.#refresh([row], operation.refreshTtl);
    return toItem(row);
  }

  async #search(operation: JudgedRead<RefreshingRead<SearchOperation>>): Promise<SearchItem[]> {
    const { filter = {}, contains, limit = 10, offset = 0, query } = operation;
    const prefix = operation.namespacePrefix.map((label) => checkText("namespace", label));
    const { index } = this.#options;
    const found =
      index !== undefined && query !== undefined && query.trim() !== ""
        ? await this.#searchByMeaning(index, { prefix, filter, contains, limit, offset, query })
        : (await searchItems(this.#database.sql, { prefix, filter, contains, limit, offset })).map((row) => ({ row, item: toItem(row) }));
    await this.#refresh(
      found.map(({ row }) => row),
      operation.refreshTtl,
    );
    return found.map(({ item }) => item);
  }

  async #searchByMeaning(
    index: NonNullable<StoreOptions["index"]>,
    search: { prefix: string[]; filter: Record<string, unknown>; contains: Record<string, unknown> | undefined; limit: number; offset: number; query: string },
  ): Promise<{ row: StoreRow; item: SearchItem }[]> {
    const [wanted] = await embedTexts(index, [search.query]);
    if (wanted === undefined) return [];
    const nearest = new Nearest<{ namespace: string[]; key: string }>(search.offset + search.limit);
    for await (const rows of readStoreVectors(this.#database.sql, search)) {
      for (const { namespace, key, vector } of rows) {
        // vectors of an index that was configured otherwise cannot be compared
        const score = likeness(wanted, vector);
        if (score !== null) nearest.add(nameOf({ namespace, key }), score, { namespace, key });
      }
    }
    const ranked = nearest.sorted().slice(search.offset);
    const rows = await getItems(
      this.#database.sql,
      ranked.map(({ item }) => item),
    );
    const byName = new Map(rows.map((row) => [nameOf(row), row]));
    return ranked.flatMap(({ score, item }) => {
      const row = byName.get(nameOf(item));
      return row === undefined ? [] : [{ row, item: { ...toItem(row), score } }];
    });
  }

  async #refresh(rows: readonly StoreRow[], asked: boolean | undefined): Promise<void> {
    const timed = rows.filter((row) => row.ttl_minutes !== null);
    if (timed.length > 0 && (asked ?? this.#options.ttl?.refreshOnRead ?? true)) await refreshItems(this.#database.sql, timed);
  }
}

function isPut(operation: Operation): operation is TimedPut {
  return "value" in operation;
}

function nameOf({ namespace, key }: { namespace: readonly string[]; key: string }): string {
  return JSON.stringify([namespace, key]);
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
