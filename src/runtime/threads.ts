import { copyThread } from "#db/queries/copy-thread.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { insertThread } from "#db/queries/insert-thread.ts";
import { patchThread } from "#db/queries/patch-thread.ts";
import { countThreads, searchThreads } from "#db/queries/search-threads.ts";
import { setThreadGraph } from "#db/queries/set-thread-graph.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { threadStorage } from "#db/queries/thread-storage.ts";
import { AppError } from "#errors";
import { requireDeciding } from "#governance/identity/rights.ts";
import { JUDGED, metadataOf, permit } from "#governance/permit.ts";
import type { Reach } from "#ports/access.ts";
import { RunCommand } from "#protocol/run-create.ts";
import type { Caller } from "#ports/caller.ts";
import type { ThreadSearch, ThreadsService } from "#ports/services/threads.ts";
import type { Checkpoint, Thread } from "#protocol/wire.ts";
import type { GraphConfig, RunnableGraph } from "./graph-shape.ts";
import { isUuid, newId, systemAssistantId } from "./ids.ts";
import { mustKnowCheckpoint } from "./known-checkpoint.ts";
import { mustKnowSubgraph } from "./known-subgraph.ts";
import { mustBeThreadId, mustFindThread, threadNotFound } from "./must-find.ts";
import { readAsking } from "./asking.ts";
import { asksAt } from "./asks-at.ts";
import { pruneThread } from "./prune-thread.ts";
import { refreshThread } from "./refresh-thread.ts";
import { removeThread } from "./remove-thread.ts";
import { toCommand } from "./run-config.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { editingThread, refuseWhileActive } from "./thread-edit.ts";
import { settingsOfThread } from "./thread-settings.ts";
import { checkpointOf, EMPTY_STATE, threadState } from "./thread-state.ts";
import { showValues, withValues, withValuesKept } from "./thread-values.ts";
import type { Worker } from "./worker.ts";

/** The threads of the HTTP API: rows for what is listed, the graph and its checkpoints for what is read in depth. */
export function makeThreadsService(context: RuntimeContext, worker: Worker | null): ThreadsService {
  const { sql } = context.database;

  async function mustFind(reach: Reach, threadId: string): Promise<ThreadRow> {
    mustBeThreadId(threadId);
    return mustFindThread(sql, reach, threadId);
  }

  async function mustRead(caller: Caller, threadId: string): Promise<ThreadRow> {
    return mustFind((await permit(caller, "threads:read", { thread_id: threadId })).access, threadId);
  }

  /** The graph that ran on the thread, and the config to ask it with at this address. */
  async function graphOf(thread: ThreadRow, address: Record<string, unknown>): Promise<{ graph: RunnableGraph; config: GraphConfig }> {
    if (thread.graph_id === null)
      throw new AppError("invalid_request", `Thread ${thread.thread_id} has no graph yet: run one on it, or create it with metadata {"graph_id": …}.`);
    const config = { configurable: { ...(await settingsOfThread(context, thread.graph_id, thread.thread_id)), ...address } };
    return { graph: await context.graphs.compiled(thread.graph_id, config), config };
  }

  async function shown(row: ThreadRow): Promise<Thread> {
    return wireThread(await withValues(context, row));
  }

  return {
    async create(caller, input) {
      const threadId = input.thread_id ?? newId();
      mustBeThreadId(threadId);
      const { access, value } = await permit(caller, "threads:create", {
        thread_id: threadId,
        metadata: input.metadata ?? {},
        if_exists: input.if_exists ?? "raise",
      });
      const metadata = metadataOf(value);
      const graphId = typeof metadata["graph_id"] === "string" ? metadata["graph_id"] : null;
      if (input.supersteps !== undefined && graphId === null)
        throw new AppError("invalid_request", 'supersteps need metadata {"graph_id": …}: they are replayed through that graph.');
      const made = await insertThread(sql, { threadId, owner: caller.owner, metadata, ttl: input.ttl ?? context.retention.defaultTtl });
      if (made === null) {
        const existing = input.if_exists === "do_nothing" ? await findThread(sql, threadId, access) : null;
        if (existing === null) throw new AppError("conflict", "Thread already exists");
        return shown(existing);
      }
      if (graphId !== null && context.graphs.find(graphId) !== null) {
        await setThreadGraph(sql, { threadId, graphId, assistantId: systemAssistantId(graphId) });
        if (input.supersteps !== undefined && input.supersteps.length > 0) {
          const config = { configurable: { thread_id: threadId, checkpoint_ns: "" } };
          const graph = await context.graphs.compiled(graphId, config);
          const steps = input.supersteps.map((step) => ({ updates: step.updates.map((update) => ({ values: valuesOf(update), asNode: update.as_node })) }));
          await editingThread(sql, { threadId }, () => graph.bulkUpdateState(config, steps));
          await refreshThread(context, made, graphId);
        }
      }
      return shown(graphId === null ? made : await mustFind(JUDGED, threadId));
    },

    async get(caller, threadId, input) {
      const row = await mustRead(caller, threadId);
      const include = input?.include ?? [];
      return {
        ...(await shown(row)),
        ...(include.includes("ttl") ? { ttl: wireTtl(row) } : {}),
        ...(include.includes("storage") ? { storage: { ...(await threadStorage(sql, threadId)) } } : {}),
      };
    },

    async search(caller, input) {
      const { access, value } = await permit(caller, "threads:search", { ...input });
      const search = { ...input, metadata: metadataOf(value), owner: access };
      await showValues(context, search);
      const withValues = showsValues(input);
      const { rows, total } = await searchThreads(sql, { ...search, withValues });
      if (!withValues) return { items: rows.map(wireThread), total };
      const items: Thread[] = [];
      // one after the other: each may take its share of the event loop
      for (const row of rows) items.push(wireThread(await withValuesKept(context, row)));
      return { items, total };
    },

    async count(caller, input) {
      const { access, value } = await permit(caller, "threads:search", { ...input });
      const filter = { ...input, metadata: metadataOf(value), owner: access };
      await showValues(context, filter);
      return countThreads(sql, filter);
    },

    async update(caller, threadId, input) {
      const { access, value } = await permit(caller, "threads:update", { thread_id: threadId, metadata: input.metadata });
      await mustFind(access, threadId);
      const row = await patchThread(sql, { threadId, ...input, owner: access, metadata: metadataOf(value) });
      if (row === null) throw threadNotFound(threadId);
      return shown(row);
    },

    async delete(caller, threadId) {
      await mustFind((await permit(caller, "threads:delete", { thread_id: threadId })).access, threadId);
      await removeThread(context, worker, { threadId });
    },

    async prune(caller, input) {
      let pruned = 0;
      for (const threadId of new Set(input.thread_ids)) {
        const { access } = await permit(caller, input.strategy === "delete" ? "threads:delete" : "threads:update", { thread_id: threadId });
        if ((await findThread(sql, threadId, access)) === null) continue;
        const done = input.strategy === "delete" ? await removeThread(context, worker, { threadId }) : await pruneThread(context, { threadId });
        if (done) pruned += 1;
      }
      return pruned;
    },

    async storage(caller, threadId) {
      await mustRead(caller, threadId);
      return threadStorage(sql, threadId);
    },

    async copy(caller, threadId) {
      const copyId = newId();
      const reach = (await permit(caller, "threads:read", { thread_id: threadId })).access;
      const original = isUuid(threadId) ? await findThread(sql, threadId, reach) : null;
      // LangChain's suite asserts 409 here
      if (original === null) throw new AppError("conflict", `Thread with ID ${threadId} not found`);
      const { value } = await permit(caller, "threads:create", { thread_id: copyId, metadata: { ...original.metadata, thread_id: copyId } });
      const metadata = caller.judge === undefined ? {} : { metadata: metadataOf(value) };
      const copy = await copyThread(sql, { from: threadId, to: copyId, owner: caller.owner, reach, ...metadata });
      if (copy === null) throw new AppError("conflict", `Thread with ID ${threadId} not found`);
      if (copy.graph_id !== null && context.graphs.find(copy.graph_id) !== null) await refreshThread(context, copy, copy.graph_id, { keepsStatus: true });
      return shown(await mustFind(JUDGED, copyId));
    },

    async state(caller, threadId, input) {
      const thread = await mustRead(caller, threadId);
      if (thread.graph_id === null) return { ...EMPTY_STATE };
      const { graph, config } = await graphOf(thread, addressOf(threadId, input.checkpoint));
      const snapshot = await graph.getState(config, { subgraphs: input.subgraphs });
      const asks = !input.checkpoint?.checkpoint_ns && snapshot.tasks.some((task) => task.interrupts.length > 0);
      if (!asks) return threadState(snapshot);
      const { answered } = await readAsking(context, threadId, input.checkpoint?.checkpoint_id ?? undefined);
      const state = threadState(snapshot, answered);
      const asking = state.tasks.filter((task) => task.interrupts.length > 0).map((task) => task.name);
      return { ...state, next: [...new Set([...state.next, ...asking])] };
    },

    async updateState(caller, threadId, input) {
      const thread = await mustFind((await permit(caller, "threads:update", { thread_id: threadId })).access, threadId);
      await refuseWhileActive(sql, threadId);
      if (input.checkpoint) await mustKnowCheckpoint(sql, threadId, input.checkpoint);
      const { graph, config } = await graphOf(thread, addressOf(threadId, input.checkpoint));
      if (input.checkpoint?.checkpoint_ns) await mustKnowSubgraph(graph, input.checkpoint.checkpoint_ns);
      if (input.as_node !== undefined && (await asksAt(context, threadId, input.checkpoint))) requireDeciding(caller);
      const updated = await editingThread(sql, { threadId, at: input.checkpoint }, () => applyUpdate(graph, config, input.values, input.as_node));
      if (thread.graph_id !== null) await refreshThread(context, thread, thread.graph_id);
      const checkpoint = checkpointOf(updated);
      if (checkpoint === null) throw new AppError("internal", "The graph saved no checkpoint.");
      return { checkpoint };
    },

    async history(caller, threadId, input) {
      const thread = await mustRead(caller, threadId);
      if (thread.graph_id === null) return [];
      const { graph, config } = await graphOf(thread, { checkpoint_ns: "", ...addressOf(threadId, input.checkpoint) });
      const states = [];
      const before = input.before?.checkpoint_id ? { configurable: addressOf(threadId, input.before) } : undefined;
      for await (const snapshot of graph.getStateHistory(config, {
        limit: input.limit,
        ...(before ? { before } : {}),
        ...(input.metadata ? { filter: input.metadata } : {}),
      })) {
        states.push(threadState(snapshot));
        if (states.length >= input.limit) break;
      }
      return states;
    },
  };
}

async function applyUpdate(graph: RunnableGraph, config: GraphConfig, values: unknown, asNode: string | undefined): Promise<GraphConfig> {
  try {
    // a list is several updates as one step
    if (Array.isArray(values) && asNode !== undefined && asNode !== "__copy__") {
      if (values.length === 0) throw new AppError("invalid_request", "values: an empty list holds no update.");
      return await graph.bulkUpdateState(config, [{ updates: values.map((one: unknown) => ({ values: one, asNode })) }]);
    }
    return await graph.updateState(config, values, asNode);
  } catch (error) {
    if (error instanceof Error && isOfTheUpdate(error)) throw new AppError("invalid_request", error.message, { cause: error });
    throw error;
  }
}

/** What LangGraph finds wrong with an update; for values that a `StateSchema` does not take it has no class and no name of its own. */
function isOfTheUpdate({ name, message }: Error): boolean {
  return name === "InvalidUpdateError" || name === "GraphValueError" || message.startsWith('Validation failed for field "');
}

function valuesOf(update: { values: unknown; command?: unknown }): unknown {
  if (update.command === undefined || update.command === null) return update.values;
  return toCommand(RunCommand.parse(update.command));
}

function addressOf(threadId: string, checkpoint: Partial<Checkpoint> | undefined): Record<string, unknown> {
  return {
    thread_id: threadId,
    ...(checkpoint?.checkpoint_ns ? { checkpoint_ns: checkpoint.checkpoint_ns } : {}),
    ...(checkpoint?.checkpoint_id ? { checkpoint_id: checkpoint.checkpoint_id } : {}),
    ...(checkpoint?.checkpoint_map ? { checkpoint_map: checkpoint.checkpoint_map } : {}),
  };
}

function wireThread(row: ThreadRow): Thread {
  return {
    thread_id: row.thread_id,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    metadata: row.metadata,
    status: row.status,
    config: row.config,
    values: row.values,
    interrupts: row.interrupts,
    ...(row.error === null ? {} : { error: row.error }),
  };
}

/** Values may be large, and are read only where somebody wants to see them. */
function showsValues({ select, extract = {} }: ThreadSearch): boolean {
  return select === undefined || select.includes("values") || Object.values(extract).some(([top]) => top === "values");
}

/** When a thread is due, if it is not touched until then. */
function wireTtl(row: ThreadRow): NonNullable<Thread["ttl"]> | null {
  if (row.ttl_minutes === null) return null;
  const expires = new Date(row.updated_at.getTime() + row.ttl_minutes * 60_000);
  return { strategy: row.ttl_strategy ?? "delete", ttl_minutes: row.ttl_minutes, expires_at: expires.toISOString() };
}
