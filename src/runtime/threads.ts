import { activeRuns } from "#db/queries/active-runs.ts";
import { copyThreadRow } from "#db/queries/copy-thread.ts";
import { deleteThreadRow } from "#db/queries/delete-thread.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { insertThread } from "#db/queries/insert-thread.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import { patchThread } from "#db/queries/patch-thread.ts";
import { countThreads, searchThreads } from "#db/queries/search-threads.ts";
import { setThreadCache } from "#db/queries/set-thread-cache.ts";
import { setThreadGraph } from "#db/queries/set-thread-graph.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { AppError } from "#errors";
import { settleApprovals } from "#governance/approvals.ts";
import { RunCommand } from "#protocol/run-create.ts";
import type { Caller, ThreadsService } from "#ports/services.ts";
import type { Checkpoint, Thread } from "#protocol/wire.ts";
import { threadStand } from "./finish-run.ts";
import type { GraphConfig, RunnableGraph } from "./graph-shape.ts";
import { isUuid, newId, systemAssistantId } from "./ids.ts";
import { mustKnowCheckpoint } from "./known-checkpoint.ts";
import { readAsking } from "./asking.ts";
import { toCommand } from "./run-config.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { ROOT_BRANCH } from "./start-run.ts";
import { checkpointOf, EMPTY_STATE, threadState } from "./thread-state.ts";
import type { Worker } from "./worker.ts";

/** The threads of the HTTP API: rows for what is listed, the graph and its checkpoints for what is read in depth. */
export function makeThreadsService(context: RuntimeContext, worker: Worker | null): ThreadsService {
  const { sql } = context.database;

  async function mustFind(caller: Caller, threadId: string): Promise<ThreadRow> {
    if (!isUuid(threadId)) throw new AppError("invalid_request", `"${threadId}" is not a thread id (a UUID).`);
    const row = await findThread(sql, threadId, caller.owner);
    if (row === null) throw new AppError("not_found", `Thread with ID ${threadId} not found`);
    return row;
  }

  async function graphOf(thread: ThreadRow, config: GraphConfig): Promise<RunnableGraph> {
    if (thread.graph_id === null)
      throw new AppError("invalid_request", `Thread ${thread.thread_id} has no graph yet: run one on it, or create it with metadata {"graph_id": …}.`);
    return context.graphs.compiled(thread.graph_id, config);
  }

  /** Brings the row and the questions in line with the newest checkpoint, after it was written by hand. */
  async function refresh(thread: ThreadRow, graphId: string): Promise<void> {
    const stand = await threadStand(context, graphId, thread.thread_id);
    await sql.begin(async (transaction) => {
      await lockThread(transaction, thread.thread_id);
      const { branch } = await activeRuns(transaction, thread.thread_id);
      await setThreadCache(transaction, {
        threadId: thread.thread_id,
        status: stand.next.length > 0 ? "interrupted" : "idle",
        valuesJson: stand.valuesJson,
        interruptsJson: stand.interruptsJson,
      });
      const asked = { threadId: thread.thread_id, runId: thread.thread_id, owner: thread.owner, branch: branch ?? ROOT_BRANCH };
      await settleApprovals(transaction, { asked, interrupts: stand.interrupts, endingRunId: null });
    });
  }

  async function refuseWhileActive(threadId: string): Promise<void> {
    const { active } = await activeRuns(sql, threadId);
    if (active.length > 0)
      throw new AppError("thread_busy", `Thread ${threadId} has a run that is not over; its state cannot be edited now.`, {
        details: { run_ids: active.map((run) => run.run_id) },
      });
  }

  return {
    async create(caller, input) {
      const threadId = input.thread_id ?? newId();
      if (!isUuid(threadId)) throw new AppError("invalid_request", `"${threadId}" is not a thread id (a UUID).`);
      const metadata = input.metadata ?? {};
      const graphId = typeof metadata["graph_id"] === "string" ? metadata["graph_id"] : null;
      if (input.supersteps !== undefined && graphId === null)
        throw new AppError("invalid_request", 'supersteps need metadata {"graph_id": …}: they are replayed through that graph.');
      const made = await insertThread(sql, { threadId, owner: caller.owner, metadata });
      if (made === null) {
        const existing = input.if_exists === "do_nothing" ? await findThread(sql, threadId, caller.owner) : null;
        if (existing === null) throw new AppError("conflict", "Thread already exists");
        return wireThread(existing);
      }
      if (graphId !== null && context.graphs.find(graphId) !== null) {
        await setThreadGraph(sql, { threadId, graphId, assistantId: systemAssistantId(graphId) });
        if (input.supersteps !== undefined && input.supersteps.length > 0) {
          const config = { configurable: { thread_id: threadId, checkpoint_ns: "" } };
          const graph = await context.graphs.compiled(graphId, config);
          await graph.bulkUpdateState(
            config,
            input.supersteps.map((step) => ({ updates: step.updates.map((update) => ({ values: valuesOf(update), asNode: update.as_node })) })),
          );
          await refresh(made, graphId);
        }
      }
      return wireThread(await mustFind(caller, threadId));
    },

    async get(caller, threadId) {
      return wireThread(await mustFind(caller, threadId));
    },

    async search(caller, input) {
      const { rows, total } = await searchThreads(sql, { ...input, owner: caller.owner });
      return { items: rows.map(wireThread), total };
    },

    async count(caller, input) {
      return countThreads(sql, { ...input, owner: caller.owner });
    },

    async update(caller, threadId, input) {
      await mustFind(caller, threadId);
      const row = await patchThread(sql, { threadId, owner: caller.owner, metadata: input.metadata });
      if (row === null) throw new AppError("not_found", `Thread with ID ${threadId} not found`);
      return wireThread(row);
    },

    async delete(caller, threadId) {
      await mustFind(caller, threadId);
      const { active } = await activeRuns(sql, threadId);
      // the rows go first: from then on whatever still runs can write nothing
      await deleteThreadRow(sql, threadId);
      for (const run of active) {
        worker?.cancelled(run.run_id);
        await context.bus.end(run.run_id);
      }
      await context.checkpointer.deleteThread(threadId);
    },

    async copy(caller, threadId) {
      const original = isUuid(threadId) ? await findThread(sql, threadId, caller.owner) : null;
      // LangChain's suite asserts 409 here
      if (original === null) throw new AppError("conflict", `Thread with ID ${threadId} not found`);
      const copyId = newId();
      await context.checkpointer.copyThread(threadId, copyId);
      const copy = await copyThreadRow(sql, { from: threadId, to: copyId, owner: caller.owner });
      if (copy === null) throw new AppError("conflict", `Thread with ID ${threadId} not found`);
      if (copy.graph_id !== null && context.graphs.find(copy.graph_id) !== null) await refresh(copy, copy.graph_id);
      return wireThread(await mustFind(caller, copyId));
    },

    async state(caller, threadId, input) {
      const thread = await mustFind(caller, threadId);
      if (thread.graph_id === null) return { ...EMPTY_STATE };
      const config = { configurable: addressOf(threadId, input.checkpoint) };
      const graph = await graphOf(thread, config);
      const snapshot = await graph.getState(config, { subgraphs: input.subgraphs });
      const asks = !input.checkpoint?.checkpoint_ns && snapshot.tasks.some((task) => task.interrupts.length > 0);
      if (!asks) return threadState(snapshot);
      const { answered } = await readAsking(context, threadId, input.checkpoint?.checkpoint_id ?? undefined);
      const state = threadState(snapshot, answered);
      const asking = state.tasks.filter((task) => task.interrupts.length > 0).map((task) => task.name);
      return { ...state, next: [...new Set([...state.next, ...asking])] };
    },

    async updateState(caller, threadId, input) {
      const thread = await mustFind(caller, threadId);
      await refuseWhileActive(threadId);
      if (input.checkpoint) await mustKnowCheckpoint(sql, threadId, input.checkpoint);
      const config = { configurable: addressOf(threadId, input.checkpoint) };
      const graph = await graphOf(thread, config);
      const updated = await applyUpdate(graph, config, input.values, input.as_node);
      if (thread.graph_id !== null) await refresh(thread, thread.graph_id);
      const checkpoint = checkpointOf(updated);
      if (checkpoint === null) throw new AppError("internal", "The graph saved no checkpoint.");
      return { checkpoint };
    },

    async history(caller, threadId, input) {
      const thread = await mustFind(caller, threadId);
      if (thread.graph_id === null) return [];
      const config = { configurable: { checkpoint_ns: "", ...addressOf(threadId, input.checkpoint) } };
      const graph = await graphOf(thread, config);
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
      return await graph.bulkUpdateState(config, [{ updates: values.map((one: unknown) => ({ values: one, asNode })) }]);
    }
    return await graph.updateState(config, values, asNode);
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    if (name === "InvalidUpdateError" || name === "GraphValueError")
      throw new AppError("invalid_request", error instanceof Error ? error.message : String(error), { cause: error });
    throw error;
  }
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

export function wireThread(row: ThreadRow): Thread {
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
