import type { RunStatus, ThreadStatus } from "#protocol/wire.ts";
import { deleteRunRow } from "#db/queries/delete-run.ts";
import { finishRunRow } from "#db/queries/finish-run.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import { notifyRuns } from "#db/queries/notify.ts";
import { rollbackCheckpoints } from "#db/queries/rollback-checkpoints.ts";
import { recordEvents } from "#db/queries/record-event.ts";
import { restoreThread } from "#db/queries/restore-thread.ts";
import type { Sql } from "#db/queries/sql.ts";
import { AppError } from "#errors";
import { settleApprovals } from "#governance/approvals.ts";
import type { TeamOutcome } from "#ports/teams.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import { RunKwargs } from "./run-kwargs.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { queueOutcome, resultOf } from "./team-outcome.ts";
import { AT_REST, type ThreadStand, threadStand } from "./thread-stand.ts";
import type { WorkLog } from "./work-log.ts";
import { queueWebhook } from "./webhooks/queue-webhook.ts";

export interface RunEnd {
  status: Extract<RunStatus, "success" | "error" | "timeout" | "interrupted">;
  error: { error: string; message: string } | null;
  /** The state is known from the stream and nothing waits; null: look it up. */
  valuesJson: string | null;
  /** Number of the last event on the thread's log, the one that is sent after this commit among them; absent: none was sent. */
  lastEvent?: number | undefined;
  /** What its models and tools did, as far as it is not written yet. */
  work?: WorkLog;
  /** Sends what says how the run ended, right after the commit: whoever reacts to it finds the thread free and its question asked. */
  tell?: () => void;
}

/**
 * The end of a run in one transaction, fenced by its epoch: final status, the thread's status and cached state, its questions, and the
 * wake-up of its parent. Watchers are told after the commit. True when other runs wait for the thread.
 *
 * @throws AppError `lease_lost` when the run was taken over: then nothing was written.
 */
export async function finishRun(context: RuntimeContext, run: ClaimedRun, end: RunEnd): Promise<boolean> {
  const stand = end.valuesJson === null ? await standAfter(context, run, end) : { ...AT_REST, valuesJson: end.valuesJson };
  const told = (await end.work?.finish(howEnded(end, stand), end.error?.error ?? null)) ?? [];
  const more = await context.database.sql.begin(async (sql) => {
    const locking = lockThread(sql, run.thread_id);
    const telling = recordEvents(sql, told);
    const finishing = finishRunRow(sql, {
      runId: run.run_id,
      threadId: run.thread_id,
      epoch: run.epoch,
      status: end.status,
      error: end.error,
      lastEvent: end.lastEvent ?? null,
      thread: { status: threadStatus(end, stand), valuesJson: stand.valuesJson, interruptsJson: stand.interruptsJson, error: end.error },
    });
    const [, finished] = await Promise.all([locking, finishing, telling]);
    if (finished === null) throw leaseLost(run);
    await settle(context, sql, run, stand, end);
    if (wantsWebhook(run)) await queueWebhook(sql, run.run_id, { valuesJson: stand.valuesJson });
    if (finished.more) await notifyRuns(sql, { kind: "pending" });
    return finished.more;
  });
  end.work?.written();
  context.metrics.runEnded(end.status, secondsOf(run));
  if (stand.valuesJson !== null) {
    const plain = end.status === "success" && stand.next.length === 0 && stand.interrupts.length === 0;
    context.lastValues.remember(run.run_id, { valuesJson: stand.valuesJson, plain });
  }
  end.tell?.();
  await context.bus.end(run.run_id);
  return more;
}

/**
 * The end of a run that was cancelled with `rollback`: what it wrote goes, its row goes, its thread is as before.
 * @throws AppError `lease_lost` as above.
 */
export async function rollBackRun(context: RuntimeContext, run: ClaimedRun): Promise<void> {
  const rolled = await rollbackCheckpoints(context.database.sql, {
    threadId: run.thread_id,
    runId: run.run_id,
    epoch: run.epoch,
    base: run.base_checkpoint,
    dropAnswers: hasCommand(run),
  });
  if (!rolled) throw leaseLost(run);
  const stand = await threadStand(context, run.graph_id, run.thread_id);
  await context.database.sql.begin(async (sql) => {
    const locking = lockThread(sql, run.thread_id);
    if (wantsWebhook(run)) await locking.then(() => queueWebhook(sql, run.run_id, { status: "interrupted", valuesJson: stand.valuesJson }));
    const deleting = deleteRunRow(sql, run.run_id, run.epoch);
    const [, deleted] = await Promise.all([locking, deleting]);
    if (!deleted) throw leaseLost(run);
    await restoreThread(sql, { threadId: run.thread_id, valuesJson: stand.valuesJson, interruptsJson: stand.interruptsJson });
    await settle(context, sql, run, stand, { status: "interrupted", error: null, valuesJson: null });
    await notifyRuns(sql, { kind: "pending" });
  });
  context.metrics.runEnded("rolled_back", secondsOf(run));
  await context.bus.end(run.run_id);
}

async function settle(context: RuntimeContext, sql: Sql, run: ClaimedRun, stand: ThreadStand, end: RunEnd): Promise<void> {
  const asksOrAsked = stand.interrupts.length > 0 || run.had_interrupts || hasCommand(run);
  const asked = { threadId: run.thread_id, runId: run.run_id, owner: run.owner, branch: run.branch, graphId: run.graph_id };
  const clock = context.clock?.() ?? null;
  const settled = asksOrAsked ? await settleApprovals(sql, { asked, interrupts: stand.interrupts, endingRunId: run.run_id, clock }) : null;
  if (settled !== null && settled.verdicts > 0) await notifyRuns(sql, { kind: "approvals" });
  const outcome = outcomeOf(stand, end);
  // a question that a rule answers is nothing to tell the parent about
  if (run.child !== null && !(outcome.status === "waiting" && settled?.waits === false)) {
    await queueOutcome(sql, run.child, run.run_id, outcome);
    await notifyRuns(sql, { kind: "outbox" });
  }
}

function outcomeOf(stand: ThreadStand, end: RunEnd): Pick<TeamOutcome, "status" | "result" | "error"> {
  if (end.status === "interrupted") return { status: "cancelled", result: null, error: null };
  if (end.status !== "success") return { status: "failed", result: null, error: end.error?.message ?? end.status };
  if (stand.next.length > 0) return { status: "waiting", result: null, error: null };
  return { status: "done", result: resultOf(stand.valuesJson === null ? null : JSON.parse(stand.valuesJson)), error: null };
}

function howEnded(end: RunEnd, stand: ThreadStand): "completed" | "paused" | "failed" {
  if (end.status === "error" || end.status === "timeout") return "failed";
  return end.status === "interrupted" || stand.next.length > 0 ? "paused" : "completed";
}

function threadStatus(end: RunEnd, stand: ThreadStand): Exclude<ThreadStatus, "busy"> {
  if (end.status === "error" || end.status === "timeout") return "error";
  if (end.status === "interrupted") return stand.interrupts.length > 0 ? "interrupted" : "idle";
  return stand.next.length > 0 ? "interrupted" : "idle";
}

/** A run that failed must end even where its state cannot be read (a graph that is gone); the cached state stays then. */
async function standAfter(context: RuntimeContext, run: ClaimedRun, end: RunEnd): Promise<ThreadStand> {
  try {
    return await threadStand(context, run.graph_id, run.thread_id, RunKwargs.parse(run.kwargs).resume_positions ?? {});
  } catch (error) {
    if (end.status === "success") throw error;
    context.log.warn({ run_id: run.run_id, err: error }, "the state of a failed run cannot be read");
    return { ...AT_REST, valuesJson: null };
  }
}

function hasCommand(run: ClaimedRun): boolean {
  return run.kwargs["command"] !== null && run.kwargs["command"] !== undefined;
}

/** Since it was first taken. */
function secondsOf(run: ClaimedRun): number {
  return run.started_at === null ? 0 : (Date.now() - run.started_at.getTime()) / 1_000;
}

function wantsWebhook(run: ClaimedRun): boolean {
  return typeof run.kwargs["webhook"] === "string";
}

function leaseLost(run: ClaimedRun): AppError {
  return new AppError("lease_lost", `Run ${run.run_id} was taken over by another worker.`, { details: { run_id: run.run_id, epoch: run.epoch } });
}

/**
 * The end of a run that cannot be ended properly (its state cannot be read, its questions cannot be written): the run and its thread become
 * `error`, and nothing else is touched. Without it such a run would be taken over for ever. Throws `lease_lost` like `finishRun`.
 */
export async function abandonRun(context: RuntimeContext, run: ClaimedRun, error: NonNullable<RunEnd["error"]>, tell: () => void): Promise<void> {
  await context.database.sql.begin(async (sql) => {
    await lockThread(sql, run.thread_id);
    const thread = { status: "error", valuesJson: null, interruptsJson: "{}", error } as const;
    const finished = await finishRunRow(sql, { runId: run.run_id, threadId: run.thread_id, epoch: run.epoch, status: "error", error, lastEvent: null, thread });
    if (finished === null) throw leaseLost(run);
    if (wantsWebhook(run)) await queueWebhook(sql, run.run_id);
    if (finished.more) await notifyRuns(sql, { kind: "pending" });
  });
  context.metrics.runEnded("error", secondsOf(run));
  tell();
  await context.bus.end(run.run_id);
}
