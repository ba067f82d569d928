import { findActiveRuns } from "#db/queries/find-active-runs.ts";
import { findRun } from "#db/queries/find-run.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { listRuns } from "#db/queries/list-runs.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import { isAdmin, projectsOf } from "#governance/identity/rights.ts";
import { JUDGED, permit, withProjects } from "#governance/permit.ts";
import type { Caller } from "#ports/caller.ts";
import type { RunsService } from "#ports/services/runs.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Run, RunStatus } from "#protocol/wire.ts";
import { cancelRun } from "./cancel-run.ts";
import { makeCreateRun } from "./create-run.ts";
import { deleteEndedRun } from "./delete-run.ts";
import { once, type Once } from "./idempotency.ts";
import { mustFindRun, mustFindThread } from "./must-find.ts";
import { RunKwargs } from "./run-kwargs.ts";
import { followRun } from "./run-stream.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { ONLY_END } from "./stream-bus/bus.ts";
import { withValues } from "./thread-values.ts";
import { finalValues, wireRun } from "./wire-run.ts";
import type { Worker } from "./worker.ts";

const FINAL = new Set<RunStatus>(["success", "error", "timeout", "interrupted"]);

/** The runs of the HTTP API over the run table. `worker`: null in a process that only serves. */
export function makeRunsService(context: RuntimeContext, worker: Worker | null): RunsService {
  const { sql } = context.database;
  const create = makeCreateRun(context, worker);

  async function mustRead(caller: Caller, threadId: string | null, runId: string): Promise<RunRow> {
    const { access } = await permit(caller, "threads:read", { thread_id: threadId ?? undefined });
    if (threadId !== null) await mustFindThread(sql, access, threadId);
    return mustFindRun(sql, access, threadId, runId);
  }

  /** Whether a run that is watched ends when its reader goes away: who may only read ends nothing. */
  async function endsWith({ rights, owner }: Caller, run: RunRow): Promise<boolean> {
    if (rights === undefined) return true;
    if (!rights.scopes.includes("write")) return false;
    const projects = projectsOf({ owner, rights }, "editor");
    return isAdmin(rights) || (await findThread(sql, run.thread_id, withProjects({ owner, contains: {} }, projects))) !== null;
  }

  /** What a thread holds whose run was cancelled while somebody waited for it; null when it is gone. */
  async function stoodAt(threadId: string): Promise<unknown> {
    const thread = await findThread(sql, threadId, JUDGED);
    return thread === null ? null : (await withValues(context, thread)).values;
  }

  /** Waits for the end of a run; false when the signal came first. */
  async function ended(run: Pick<RunRow, "run_id" | "thread_id">, signal: AbortSignal): Promise<boolean> {
    const frames = followRun(context, {
      runId: run.run_id,
      threadId: run.thread_id,
      owner: JUDGED,
      after: ONLY_END,
      signal,
      modes: null,
      tellsState: false,
    });
    for await (const _ of frames);
    return !signal.aborted;
  }

  async function cancel(run: Pick<RunRow, "run_id" | "thread_id">, action: "interrupt" | "rollback"): Promise<boolean> {
    const outcome = await cancelRun(context, run, action);
    if (outcome === "running") worker?.cancelled(run.run_id);
    return outcome !== null;
  }

  async function* cancellingOnDisconnect(run: RunRow, signal: AbortSignal, stream: ReturnType<typeof followRun>): ReturnType<typeof followRun> {
    try {
      yield* stream;
    } finally {
      if (signal.aborted) await cancel(run, "interrupt");
    }
  }

  async function join(run: RunRow, options: { cancelOnDisconnect: boolean; signal: AbortSignal }): Promise<unknown> {
    const waits = !FINAL.has(run.status);
    if (waits && !(await ended(run, options.signal))) {
      if (options.cancelOnDisconnect) await cancel(run, "interrupt");
      return null;
    }
    // of a run that was over before, every process tells what the thread holds now
    const known = waits ? context.lastValues.of(run.run_id) : null;
    if (known?.plain) return finalValues({ values: JSON.parse(known.valuesJson) as unknown, interrupts: {} });
    const over = await findRun(sql, { runId: run.run_id, threadId: run.thread_id, owner: JUDGED });
    if (over === null || over.status === "interrupted") return null;
    if (over.error !== null) return { __error__: over.error };
    const thread = await findThread(sql, run.thread_id, JUDGED);
    if (thread === null) return null;
    return finalValues(known === null ? await withValues(context, thread) : { ...thread, values: JSON.parse(known.valuesJson) as unknown });
  }

  return {
    async create(caller, threadId, input, extra) {
      const { run, existed } = await create(caller, threadId, input, {
        headers: extra.headers,
        streamed: false,
        threadEvents: extra.threadEvents,
        once: onceOf(threadId, input, extra),
      });
      // taken at once or not: to whoever asked for it, it is yet to happen
      return existed ? wireRun(run) : { ...wireRun(run), status: "pending" };
    },

    async createMany(caller, inputs, extra) {
      const created: Run[] = [];
      for (const [index, input] of inputs.entries()) {
        // a key names the whole batch; what a crash left out of it is made when it is sent again
        const key = index === 0 ? extra.idempotencyKey : `${extra.idempotencyKey}\n${index}`;
        const options = { headers: extra.headers, streamed: false, once: extra.idempotencyKey ? once(key ?? "", { batch: inputs }) : null };
        const { run, existed } = await create(caller, null, input, options);
        created.push(existed ? wireRun(run) : { ...wireRun(run), status: "pending" });
      }
      return created;
    },

    async stream(caller, threadId, input, extra) {
      const { run } = await create(caller, threadId, input, { headers: extra.headers, streamed: true, once: onceOf(threadId, input, extra) });
      const { stream_mode } = RunKwargs.parse(run.kwargs);
      const frames = followRun(context, {
        runId: run.run_id,
        threadId: run.thread_id,
        owner: JUDGED,
        after: -1,
        signal: extra.signal,
        modes: null,
        tellsState: stream_mode.includes("values"),
      });
      const cancels = input.on_disconnect === "cancel";
      return { run: wireRun(run), stream: cancels ? cancellingOnDisconnect(run, extra.signal, frames) : frames };
    },

    async wait(caller, threadId, input, extra) {
      const { run } = await create(caller, threadId, input, { headers: extra.headers, streamed: false, awaited: true, once: onceOf(threadId, input, extra) });
      const options = { cancelOnDisconnect: input.on_disconnect === "cancel", signal: extra.signal };
      const values = async () => {
        // who may start a run need not be allowed to read what it makes of the thread
        if (caller.judge !== undefined) await mustRead(caller, threadId, run.run_id);
        return (await join(run, options)) ?? (threadId === null ? null : await stoodAt(threadId)) ?? {};
      };
      return { run: wireRun(run), values: values() };
    },

    async join(caller, threadId, runId, input) {
      const run = await mustRead(caller, threadId, runId);
      return join(run, { ...input, cancelOnDisconnect: input.cancelOnDisconnect && (await endsWith(caller, run)) });
    },

    async joinStream(caller, threadId, runId, input) {
      const { access } = await permit(caller, "threads:read", { thread_id: threadId ?? undefined });
      const run = await mustFindRun(sql, access, threadId, runId);
      const kwargs = RunKwargs.parse(run.kwargs);
      const after = await positionOf(input.lastEventId, kwargs, run);
      const frames = followRun(context, {
        runId,
        threadId: run.thread_id,
        owner: JUDGED,
        after,
        signal: input.signal,
        modes: input.streamModes,
        tellsState: kwargs.stream_mode.includes("values"),
      });
      return input.cancelOnDisconnect && (await endsWith(caller, run)) ? cancellingOnDisconnect(run, input.signal, frames) : frames;
    },

    async list(caller, threadId, input) {
      await mustFindThread(sql, (await permit(caller, "threads:search", { thread_id: threadId, status: input.status })).access, threadId);
      await mustFindThread(sql, (await permit(caller, "threads:read", { thread_id: threadId })).access, threadId);
      const { rows, total } = await listRuns(sql, { threadId, limit: input.limit, offset: input.offset, ...(input.status ? { status: input.status } : {}) });
      return { items: rows.map(wireRun), total };
    },

    async get(caller, threadId, runId) {
      const { access } = await permit(caller, "threads:read", { thread_id: threadId ?? undefined });
      return wireRun(await mustFindRun(sql, access, threadId, runId));
    },

    async delete(caller, threadId, runId) {
      const { access } = await permit(caller, "threads:delete", { thread_id: threadId, run_id: runId });
      const run = await mustFindRun(sql, access, threadId, runId);
      if (!FINAL.has(run.status)) {
        // what is still going on is undone first, so that nobody works for a row that is gone
        await cancel(run, "rollback");
        await ended(run, AbortSignal.timeout((context.settleSeconds + 30) * 1_000));
      }
      await deleteEndedRun(context, run);
    },

    async cancel(caller, threadId, runId, input) {
      const { access } = await permit(caller, "threads:update", { thread_id: threadId, action: input.action, metadata: { run_ids: [runId] } });
      // who may have work done on a project may stop what is done on it
      const run = await mustFindRun(sql, withProjects(access, projectsOf(caller, "editor")), threadId, runId);
      if (FINAL.has(run.status)) return;
      const cancelled = await cancel(run, input.action);
      if (cancelled && input.wait) await ended(run, AbortSignal.timeout((context.settleSeconds + 60) * 1_000));
    },

    async cancelMany(caller, input) {
      const { access } = await permit(caller, "threads:update", { thread_id: input.thread_id, action: input.action, metadata: { run_ids: input.run_ids } });
      const runs = await findActiveRuns(sql, {
        owner: access,
        status: input.status ?? "all",
        ...(input.thread_id === undefined ? {} : { threadId: input.thread_id }),
        ...(input.run_ids === undefined ? {} : { runIds: input.run_ids }),
      });
      for (const run of runs) await cancel(run, input.action);
    },
  };

  /** Where a joiner begins: at its position; at the start of what nobody consumed; else at what comes next. */
  async function positionOf(lastEventId: string | null, kwargs: RunKwargs, run: RunRow): Promise<number> {
    if (lastEventId !== null && /^-?\d+$/.test(lastEventId.trim())) return Math.max(-1, Number(lastEventId));
    // LangGraph's platform says "-" for the start
    if (lastEventId !== null && lastEventId.trim().startsWith("-")) return -1;
    if (!kwargs.resumable && !kwargs.streamed) return -1;
    return context.bus.last(run.run_id);
  }
}

function onceOf(threadId: string | null, input: RunCreate, extra: { idempotencyKey?: string | null }): Once | null {
  return extra.idempotencyKey ? once(extra.idempotencyKey, { thread_id: threadId, input }) : null;
}
