import type { BaseCheckpointSaver, BaseStore } from "@langchain/langgraph-checkpoint";
import { AppError, isAppError } from "#errors";
import type { Log } from "#log";
import { importExport, isTypeScript, locateExport, withinTime } from "./foreign-export.ts";
import { type GraphConfig, isRunnableGraph, type RunnableGraph } from "./graph-shape.ts";
import type { GraphSource } from "./typescript-schemas/extract.ts";
import type { LanggraphProject } from "./langgraph-project.ts";
import { oldLangGraphs } from "./old-langgraph.ts";
import { watchNodes } from "./settle.ts";

export interface LoadedGraph {
  readonly id: string;
  readonly description: string | null;
  /** Ours run with durability `sync`; anyone's as they ask. */
  readonly ours: boolean;
  /** Where it was exported, when that is TypeScript of another project: its types say more than what is left at run time. */
  readonly source?: GraphSource | null;
  /** What was exported makes a graph for each config. */
  readonly factory?: boolean;
  /** Why it cannot run; the others are served all the same. */
  readonly error: string | null;
  /** The compiled graph with our checkpointer and store; a factory is called anew with each config. */
  compiled(config?: GraphConfig): Promise<RunnableGraph>;
}

export interface LoadedGraphs {
  readonly all: readonly LoadedGraph[];
  /** Ids that can run. */
  readonly runnable: string[];
  find(id: string): LoadedGraph | null;
  /** @throws AppError `not_found` for an unknown id, `graph_load_failed` for one that threw on load. */
  compiled(id: string, config?: GraphConfig): Promise<RunnableGraph>;
}

export interface LoadGraphsOptions {
  project: LanggraphProject;
  checkpointer: BaseCheckpointSaver;
  store: BaseStore;
  /** How long a graph's module, and a factory, may take. */
  loadTimeoutMs?: number;
  /** Told what will not work though it loads. */
  log?: Log;
}

/** Long enough for a cold start of a large project on a busy machine. */
const LOAD_MS = 60_000;

/**
 * Loads every graph that a langgraph.json names: a compiled graph, a builder, an agent of `createAgent`, a functional entrypoint, a factory,
 * or a Promise of one of these. Builders are exported, never compiled by hand, so that they get our checkpointer and store.
 * A graph that throws keeps its error and its name.
 */
export async function loadGraphs(options: LoadGraphsOptions): Promise<LoadedGraphs> {
  const { settings, folder, configPath } = options.project;
  const all: LoadedGraph[] = [];
  // one after the other: graphs of one project share modules, and a top-level await in one must not race another's load
  for (const [id, entry] of Object.entries(settings.graphs)) {
    const spec = typeof entry === "string" ? entry : entry.path;
    const description = typeof entry === "string" ? null : (entry.description ?? null);
    all.push(
      await loadOne({
        id,
        spec,
        description,
        folder,
        configPath,
        checkpointer: options.checkpointer,
        store: options.store,
        loadTimeoutMs: options.loadTimeoutMs ?? LOAD_MS,
      }),
    );
  }
  for (const trouble of oldLangGraphs(options.project)) options.log?.warn(trouble);
  return collection(all);
}

/** Graphs by id, for tests and for whoever has them in hand already. */
function collection(all: readonly LoadedGraph[]): LoadedGraphs {
  const byId = new Map(all.map((graph) => [graph.id, graph]));
  return {
    all,
    runnable: all.filter((graph) => graph.error === null).map((graph) => graph.id),
    find: (id) => byId.get(id) ?? null,
    async compiled(id, config) {
      const graph = byId.get(id);
      if (graph === undefined) throw new AppError("not_found", `No graph "${id}" is served here. Graphs: ${[...byId.keys()].join(", ") || "none"}.`);
      if (graph.error !== null) throw new AppError("graph_load_failed", `Graph "${id}" did not load: ${graph.error}`);
      return graph.compiled(config);
    },
  };
}

interface Spec {
  id: string;
  spec: string;
  description: string | null;
  folder: string;
  configPath: string;
  checkpointer: BaseCheckpointSaver;
  store: BaseStore;
  loadTimeoutMs: number;
}

async function loadOne(spec: Spec): Promise<LoadedGraph> {
  let ours = false;
  try {
    const located = locateExport(spec.spec, `graphs.${spec.id}`, spec);
    ours = located.ours;
    const exported = await importExport(located, spec.loadTimeoutMs);
    const compiled = makeCompiled(exported, spec);
    // a factory may need a config that only a run has, so it is called when it is needed; everything else must compile now
    if (!isFactory(exported)) await compiled();
    const source = ours || !isTypeScript(located.file) ? null : located;
    return { id: spec.id, description: spec.description, ours, source, factory: isFactory(exported), error: null, compiled };
  } catch (error) {
    const message = `${error instanceof Error ? (isAppError(error) ? error.message : `${error.name}: ${error.message}`) : String(error)}${remedy(error, spec.folder)}`;
    const failure = new AppError("graph_load_failed", `Graph "${spec.id}" did not load: ${message}`, { cause: error });
    return { id: spec.id, description: spec.description, ours, error: message, compiled: () => Promise.reject(failure) };
  }
}

/** Most often a project that was cloned and not installed. */
function remedy(error: unknown, folder: string): string {
  const missing = error instanceof Error ? /Cannot find (?:module|package) '([^'./][^']*)'/.exec(error.message)?.[1] : undefined;
  return missing === undefined ? "" : `\nInstall ${missing}, or all packages of the project: npm install in ${folder}`;
}

function makeCompiled(exported: unknown, spec: Spec): LoadedGraph["compiled"] {
  if (isFactory(exported)) {
    return (config) =>
      withinTime(
        Promise.resolve().then(async () => prepare(await exported(config ?? { configurable: {} }), spec)),
        spec.loadTimeoutMs,
        "come from its factory",
      );
  }
  let once: Promise<RunnableGraph> | undefined;
  return () => (once ??= Promise.resolve().then(() => prepare(exported, spec)));
}

/** Turns what was exported (or made by a factory) into a compiled graph that saves where we say. */
async function prepare(exported: unknown, spec: Spec): Promise<RunnableGraph> {
  let graph = await exported;
  if (!isRunnableGraph(graph) && isDictionaryLike(graph) && isRunnableGraph(graph["graph"])) graph = graph["graph"];
  if (!isRunnableGraph(graph) && isBuilder(graph)) graph = graph.compile({ checkpointer: spec.checkpointer, store: spec.store, name: spec.id });
  if (!isRunnableGraph(graph)) {
    throw new AppError(
      "graph_load_failed",
      `"${spec.spec}" is not a graph. Export a StateGraph, a compiled graph, an agent, an entrypoint, or a function that makes one.`,
    );
  }
  // `false` is a graph that asks not to be saved; everything else that a root graph may hold is replaced by ours
  if (graph.checkpointer !== false) graph.checkpointer = spec.checkpointer;
  graph.store = spec.store;
  await watchNodes(graph);
  return graph;
}

interface Builder {
  compile(options: Record<string, unknown>): unknown;
}

function isBuilder(value: unknown): value is Builder {
  return typeof value === "object" && value !== null && "compile" in value && typeof value.compile === "function";
}

function isFactory(value: unknown): value is (config: GraphConfig) => unknown {
  return typeof value === "function" && !isRunnableGraph(value);
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isDictionaryLike(value: unknown): value is Record<string, unknown> {
  return isDictionary(value) && "graph" in value;
}
