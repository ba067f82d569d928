import { AsyncBatchedStore, type BaseStore, type Operation, type PutOperation } from "@langchain/langgraph-checkpoint";

/** What LangGraph hands to nodes as `config.store`, as it really is: its declarations make parts of it private. */
interface Wrapper {
  store: BaseStore;
  running: boolean;
  waiting?: { operation: Operation; resolve: (result: unknown) => void; reject: (error: unknown) => void }[];
}

/**
 * LangGraph wraps the store of every run, and its wrapper (checkpoint 1.1.5) has three faults that nodes meet: `listNamespaces` and `batch`
 * throw, `put` forgets its `index`, and the queue is looked at every millisecond for as long as the run lasts, also while it only waits
 * for a model. Here: the missing calls go to the store, and a queue is emptied once, in the turn after its first operation. Operations of
 * one turn are still one batch.
 */
export function mendStoreOfNodes(): void {
  const wrapper = AsyncBatchedStore.prototype as unknown as Record<string, unknown>;
  wrapper["batch"] = function batch(this: Wrapper, operations: Operation[]) {
    return this.store.batch(operations);
  };
  wrapper["put"] = function put(this: Wrapper, namespace: string[], key: string, value: PutOperation["value"], index?: PutOperation["index"], extra?: object) {
    return enqueue(this, { namespace, key, value, ...(index === undefined ? {} : { index }), ...extra });
  };
  wrapper["start"] = function start(this: Wrapper) {
    this.running = true;
  };
  wrapper["stop"] = async function stop(this: Wrapper) {
    this.running = false;
  };
  wrapper["enqueueOperation"] = function enqueueOperation(this: Wrapper, operation: Operation) {
    return enqueue(this, operation);
  };
}

function enqueue(wrapper: Wrapper, operation: Operation): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  wrapper.waiting ??= [];
  if (wrapper.waiting.push({ operation, resolve, reject }) === 1) setImmediate(() => void flush(wrapper));
  return promise;
}

async function flush(wrapper: Wrapper): Promise<void> {
  const waiting = wrapper.waiting ?? [];
  wrapper.waiting = [];
  try {
    const results: unknown[] = await wrapper.store.batch(waiting.map(({ operation }) => operation));
    for (const [place, { resolve }] of waiting.entries()) resolve(results[place]);
  } catch (error) {
    for (const { reject } of waiting) reject(error);
  }
}
