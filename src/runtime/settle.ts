import { AsyncLocalStorage } from "node:async_hooks";
import type { RunnableGraph } from "./graph-shape.ts";

/**
 * LangGraph rejects at once when a run is aborted, while the node it was in goes on to its end in the background. A thread must not be
 * given to the next run before that, so every node function of a loaded graph reports when it starts and when it has really settled.
 */
export class NodeActivity {
  readonly #running = new Set<Promise<unknown>>();

  track<T>(promise: Promise<T>): Promise<T> {
    this.#running.add(promise);
    const done = () => this.#running.delete(promise);
    promise.then(done, done);
    return promise;
  }

  /** True when all nodes settled within the limit. */
  async settled(limitMs: number): Promise<boolean> {
    if (this.#running.size === 0) return true;
    const { promise: limit, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, limitMs, false);
    try {
      while (this.#running.size > 0) {
        if ((await Promise.race([limit, Promise.allSettled(this.#running)])) === false) return false;
      }
      return true;
    } finally {
      clearTimeout(timer);
    }
  }
}

const current = new AsyncLocalStorage<NodeActivity>();

/** Runs `work` so that the nodes it starts, however deep, are counted on `activity`. */
export function withActivity<T>(activity: NodeActivity, work: () => T): T {
  return current.run(activity, work);
}

const WATCHED = Symbol("slipway.watched");

interface Callable {
  func: (...args: unknown[]) => unknown;
  [WATCHED]?: true;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === "object" && value !== null && "func" in value && typeof value.func === "function";
}

/** Wraps the functions of a graph's nodes, those of its subgraphs too, once. */
export async function watchNodes(graph: RunnableGraph): Promise<void> {
  wrapNodes(graph);
  for await (const [, subgraph] of graph.getSubgraphsAsync(undefined, true)) wrapNodes(subgraph);
}

function wrapNodes(graph: RunnableGraph): void {
  for (const node of Object.values(graph.nodes)) {
    if (typeof node !== "object" || node === null || !("bound" in node)) continue;
    const { bound } = node;
    // a node is one callable, or a sequence whose first part is it (functional entrypoints)
    const candidates = typeof bound === "object" && bound !== null && "steps" in bound && Array.isArray(bound.steps) ? bound.steps : [bound];
    for (const callable of candidates) if (isCallable(callable)) wrap(callable);
  }
}

function wrap(callable: Callable): void {
  if (callable[WATCHED]) return;
  callable[WATCHED] = true;
  const original = callable.func;
  callable.func = function (this: unknown, ...args: unknown[]) {
    const result = original.apply(this, args);
    const activity = current.getStore();
    return activity !== undefined && result instanceof Promise ? activity.track(result) : result;
  };
}
