import { BaseStore, InvalidNamespaceError, type Item, type Operation, type OperationResults, type SearchItem } from "@langchain/langgraph-checkpoint";

/** No identity can be this word (`protocol/auth.ts`). */
const EVERYBODY = "everybody";

/** The part of the store that this owner's graphs and requests use. */
export function storeOf(context: { store: BaseStore; sharedStore: boolean }, owner: string): OwnedStore {
  return new OwnedStore(context.store, context.sharedStore ? EVERYBODY : owner);
}

/**
 * One owner's part of the long-term store: every namespace gets the owner in front on the way in and loses it on the way out, for graphs
 * and for the HTTP API alike. A graph cannot name its way into somebody else's.
 */
export class OwnedStore extends BaseStore {
  readonly #inner: BaseStore;
  readonly #owner: string;

  constructor(inner: BaseStore, owner: string) {
    super();
    this.#inner = inner;
    this.#owner = owner;
  }

  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results = (await this.#inner.batch(operations.map((operation) => this.#inwards(operation)))) as unknown[];
    // the results stand in the order of the operations, with the same shapes
    return results.map((result) => this.#outwards(result)) as OperationResults<Op>;
  }

  #inwards(operation: Operation): Operation {
    if ("value" in operation && operation.value !== null) checkLabels(operation.namespace);
    if ("namespacePrefix" in operation) return { ...operation, namespacePrefix: [this.#owner, ...operation.namespacePrefix] };
    if ("namespace" in operation) return { ...operation, namespace: [this.#owner, ...operation.namespace] };
    const conditions = (operation.matchConditions ?? []).map((condition) =>
      condition.matchType === "prefix" ? { ...condition, path: [this.#owner, ...condition.path] } : condition,
    );
    return {
      ...operation,
      matchConditions: conditions.some((condition) => condition.matchType === "prefix")
        ? conditions
        : [...conditions, { matchType: "prefix", path: [this.#owner] }],
      ...(operation.maxDepth === undefined ? {} : { maxDepth: operation.maxDepth + 1 }),
    };
  }

  #outwards(result: unknown): unknown {
    if (Array.isArray(result)) return result.map((one: unknown) => (Array.isArray(one) ? one.slice(1) : this.#outwards(one)));
    if (typeof result !== "object" || result === null || !("namespace" in result) || !Array.isArray(result.namespace)) return result;
    const item = result as Item | SearchItem;
    return { ...item, namespace: item.namespace.slice(1) };
  }
}

/** LangGraph's own rules. They are checked here, where the owner does not stand in front yet and where what nodes put comes by too. */
function checkLabels(namespace: readonly string[]): void {
  if (namespace.length === 0) throw new InvalidNamespaceError("A namespace has at least one label.");
  const bad = namespace.find((label) => typeof label !== "string" || label === "" || label.includes("."));
  if (bad !== undefined) throw new InvalidNamespaceError(`A label of a namespace is a text that is not empty and has no period, unlike "${bad}".`);
  if (namespace[0] === "langgraph") throw new InvalidNamespaceError('The first label of a namespace cannot be "langgraph".');
}
