import { CallbackManager } from "@langchain/core/callbacks/manager";
import { AsyncLocalStorageProviderSingleton as contexts } from "@langchain/core/singletons";

/** Where LangChain keeps the config of what runs now, and what `setContextVariable` was given. */
const CONFIG = Symbol.for("lc:child_config");
const VARIABLES = Symbol.for("lc:context_variables");

interface RunTree {
  extra?: object;
  [VARIABLES]?: unknown;
}

let spared = false;

/**
 * From now on whatever is called without a tracer gets a copy of one LangSmith run tree. LangChain makes a new one, with ids and clocks of its
 * own, and a callback manager to look for a tracer in, at every call of a node, a router and a channel write, only to hang the config on it
 * that `getConfig()` and `interrupt()` find: an eighth of the processor time of a short step. What is traced, by LANGSMITH_TRACING or by a
 * tracer among its callbacks, has a tracer in its manager and goes LangChain's own way.
 */
export function spareRunTrees(): void {
  if (spared) return;
  spared = true;
  const original = contexts.runWithConfig.bind(contexts);
  const untraced = contexts.runWithConfig({}, () => contexts.getInstance().getStore() as RunTree | undefined);
  if (untraced === undefined) return;
  contexts.runWithConfig = <T>(config: unknown, callback: () => T, avoidCreatingRootRunTree?: boolean): T => {
    if (avoidCreatingRootRunTree || !isUntraced(config)) return original(config, callback, avoidCreatingRootRunTree);
    const storage = contexts.getInstance();
    const tree = Object.assign(Object.create(Object.getPrototypeOf(untraced) as object) as RunTree, untraced, {
      child_runs: [],
      extra: { ...untraced.extra, [CONFIG]: config },
    });
    const outer = storage.getStore() as RunTree | undefined;
    if (outer?.[VARIABLES] !== undefined) tree[VARIABLES] = outer[VARIABLES];
    return storage.run(tree, callback);
  };
}

function isUntraced(config: unknown): boolean {
  const callbacks = (config as { callbacks?: unknown } | undefined)?.callbacks;
  return callbacks instanceof CallbackManager && !callbacks.handlers.some(({ name }) => name === "langchain_tracer");
}
