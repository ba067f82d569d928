import { type ActiveRuns, activeRuns } from "#db/queries/active-runs.ts";
import type { AssistantRow } from "#db/queries/assistant-row.ts";
import { countRunsExclusively } from "#db/queries/count-runs-exclusively.ts";
import { cancelRunRow } from "#db/queries/cancel-run.ts";
import { closeApprovals } from "#db/queries/close-approvals.ts";
import { deleteRunRow } from "#db/queries/delete-run.ts";
import { forgetAnswers } from "#db/queries/forget-answers.ts";
import { insertRunRow } from "#db/queries/insert-run.ts";
import { insertThread, type NewThread } from "#db/queries/insert-thread.ts";
import { type LockedThread, lockThread } from "#db/queries/lock-thread.ts";
import { notifyRuns } from "#db/queries/notify.ts";
import { openApprovals } from "#db/queries/open-approvals.ts";
import { reopenAnswers } from "#db/queries/reopen-answers.ts";
import { mayWorkOn } from "#db/queries/project-roles.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import type { Sql } from "#db/queries/sql.ts";
import { supersedeMirrors } from "#db/queries/supersede-mirrors.ts";
import { AppError } from "#errors";
import { claimAnswers, type ResumePlan } from "#governance/approvals.ts";
import { isWithin } from "#governance/permit.ts";
import type { Reach } from "#ports/access.ts";
import type { DecisionVia } from "#ports/approvals.ts";
import type { Limits } from "#ports/identity.ts";
import type { MultitaskStrategy } from "#protocol/wire.ts";
import { retrying } from "./backoff.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import { isDeadlock } from "./deadlock.ts";
import { keepRun, type Once } from "./idempotency.ts";
import { mustKnowCheckpoint } from "./known-checkpoint.ts";
import { threadNotFound } from "./must-find.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import { childOf, queueOutcome } from "./team-outcome.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { queueWebhook } from "./webhooks/queue-webhook.ts";
import { inheriting, remembering } from "./thread-settings.ts";
import type { Worker } from "./worker.ts";

/** The first line of history of every thread; a fork starts another one, named after the run that forked. */
export const ROOT_BRANCH = "root";

export interface StartRun {
  runId: string;
  threadId: string;
  owner: string;
  /** Threads that it may be started on; the owner's when absent. */
  reach?: Reach;
  assistant: Pick<AssistantRow, "assistant_id" | "graph_id" | "metadata">;
  kwargs: RunKwargs;
  /** The config that the request itself brought; the thread remembers it. */
  given?: Record<string, unknown>;
  metadata: Record<string, unknown>;
  strategy: MultitaskStrategy;
  afterSeconds: number;
  stateless: boolean;
  /** Makes the thread when there is none; absent: a missing thread is `not_found`. */
  newThread: Omit<NewThread, "threadId" | "owner"> | null;
  /** The client named a checkpoint that is not the head: a new line of history. */
  forks: boolean;
  /** Answers that this run carries. */
  plan: ResumePlan | null;
  decidedBy: string;
  /** The client may send the same request again: then the run that it made first is answered. */
  once?: Once | null;
  /** How the answers came; `resume` when absent. */
  via?: DecisionVia;
  /** The run that reserved the questions of `plan` through mirrors. */
  reservedBy?: string;
  /** How many runs may be underway, with this one; absent: any number. */
  atOnce?: Pick<Limits, "runs" | "key"> | undefined;
}

export interface StartedRun {
  run: RunRow;
  /** Set when this process took the run at once. */
  claimed: ClaimedRun | null;
  /** The run existed: somebody tried the same before. */
  existed: boolean;
}

/** Repeats of one id do no harm. */
type Effects = { cancelled: string[]; ended: string[] };

/**
 * Inserts a run by the rules of its thread, in one transaction:
 *
 *   idle thread     taken by this process at once when it executes runs and has a free slot, else left to the queue
 *   busy thread     `reject` fails with `thread_busy`; `enqueue` waits its turn; `interrupt` and `rollback` end what is there first
 *
 * The answers it carries are claimed, what it makes out of date is superseded, in the same transaction.
 * Given a transaction (`within`) it joins that one: then nothing is claimed for this process and no hint is sent before it commits.
 */
export async function startRun(context: RuntimeContext, worker: Worker | null, start: StartRun, within?: Sql): Promise<StartedRun> {
  const slot = within === undefined && start.afterSeconds === 0 && worker?.reserve(start.assistant.graph_id) === true;
  const effects: Effects = { cancelled: [], ended: [] };
  let started: StartedRun;
  try {
    started =
      within === undefined
        ? await retrying(() => context.database.sql.begin((sql) => insert(context, sql, start, slot, effects)), { attempts: 3, when: isDeadlock })
        : await insert(context, within, start, false, effects);
  } catch (error) {
    if (slot) worker?.release();
    throw error;
  }
  if (slot && started.claimed === null) worker?.release();
  if (started.claimed !== null) worker?.execute(started.claimed);
  else if (start.afterSeconds === 0 && within === undefined) worker?.look();
  for (const runId of effects.cancelled) worker?.cancelled(runId);
  for (const runId of effects.ended) await context.bus.end(runId);
  return started;
}

async function insert(context: RuntimeContext, sql: Sql, start: StartRun, slot: boolean, effects: Effects): Promise<StartedRun> {
  const kept = start.once ? await keepRun(sql, { owner: start.owner, runId: start.runId, once: start.once }) : null;
  if (kept !== null) return { run: kept, claimed: null, existed: true };
  const found = await threadFor(context, sql, start);
  const { active, branch } = found.fresh ? { active: [], branch: null } : await found.runs;
  const thread = found.thread;
  // looked at again: it may have been pruned since
  if (start.kwargs.checkpoint && !found.fresh) await mustKnowCheckpoint(sql, start.threadId, start.kwargs.checkpoint);
  await makeRoom(sql, start, thread, active, effects);
  if (start.atOnce !== undefined) await mustHaveRoom(sql, start.owner, start.atOnce);
  const busy = active.length > 0;
  const claims = slot && !busy;
  const metadata = { ...start.assistant.metadata, ...thread.metadata, ...start.metadata };
  const run = await insertRunRow(sql, {
    runId: start.runId,
    threadId: start.threadId,
    assistantId: start.assistant.assistant_id,
    graphId: start.assistant.graph_id,
    owner: start.owner,
    metadata,
    kwargs: inheriting(start.kwargs, thread, start.given ?? {}),
    multitaskStrategy: start.strategy,
    branch: start.forks ? start.runId : (branch ?? ROOT_BRANCH),
    stateless: start.stateless,
    afterSeconds: start.afterSeconds,
    claimedBy: claims ? context.workerId : null,
    leaseSeconds: context.leaseSeconds,
    threadConfig: remembering(thread, start.given ?? {}),
  });
  if (run === null) throw new AppError("conflict", `Run ${start.runId} exists already.`, { details: { run_id: start.runId } });
  const child = childOf({ ...thread, graph_id: start.assistant.graph_id });
  if (start.plan !== null) {
    const { checkpoint } = start.kwargs;
    if (checkpoint?.checkpoint_id)
      await forgetAnswers(sql, { threadId: thread.thread_id, checkpointNs: checkpoint.checkpoint_ns ?? "", checkpointId: checkpoint.checkpoint_id });
    const outdated = await claimAnswers(sql, {
      plan: start.plan,
      runId: run.run_id,
      decidedBy: start.decidedBy,
      via: start.via ?? "resume",
      ...(start.reservedBy === undefined ? {} : { reservedBy: start.reservedBy }),
    });
    if (child !== null && outdated.length > 0) await queueOutcome(sql, child, run.run_id, { status: "decided", result: null, error: null });
  } else if (!busy && start.afterSeconds === 0 && Object.keys(thread.interrupts).length > 0 && goesOn(start)) {
    const open = (await openApprovals(sql, { threadId: thread.thread_id, runId: null })).map((row) => row.id);
    await closeApprovals(sql, open, "superseded", run.run_id);
    const outdated = await supersedeMirrors(sql, open);
    if (child !== null && outdated.length > 0) await queueOutcome(sql, child, run.run_id, { status: "decided", result: null, error: null });
  }
  if (!claims && start.afterSeconds === 0) await notifyRuns(sql, { kind: "pending" });
  const claimed: ClaimedRun | null = claims ? { ...run, child, had_interrupts: Object.keys(thread.interrupts).length > 0, temporary: thread.temporary } : null;
  return { run, claimed, existed: false };
}

const COME_BACK_SECONDS = 5;

async function mustHaveRoom(sql: Sql, owner: string, { runs: ofUser, key }: Pick<Limits, "runs" | "key">): Promise<void> {
  const ofKey = key?.runs ?? 0;
  if (ofUser === 0 && ofKey === 0) return;
  const { runs, of_key } = await countRunsExclusively(sql, owner, key?.id ?? null);
  const full = ofUser > 0 && runs >= ofUser ? `${ofUser} of your runs` : ofKey > 0 && of_key >= ofKey ? `${ofKey} runs of this key` : null;
  if (full === null) return;
  throw new AppError("rate_limited", `${full} are not over. Wait for one of them, or cancel it.`, {
    details: { retry_after_seconds: COME_BACK_SECONDS },
  });
}

type Found = { thread: LockedThread; fresh: true } | { thread: LockedThread; fresh: false; runs: ReturnType<typeof activeRuns> };

async function threadFor(context: RuntimeContext, sql: Sql, start: StartRun): Promise<Found> {
  const found = await madeOrFound(context, sql, start);
  const { project_id: projectId, owner } = found.thread;
  // whatever way it comes: a resume, a cron, an answer of somebody else. Whom rules of the project let run another's thread, they have judged
  if (projectId !== null && owner === start.owner && !(await mayWorkOn(sql, { projectId, member: start.owner })))
    throw new AppError("forbidden", `The project of this work is not shared with ${start.owner} any more, so it does not go on.`);
  return found;
}

async function madeOrFound(context: RuntimeContext, sql: Sql, start: StartRun): Promise<Found> {
  if (start.newThread !== null) {
    const made = await insertThread(sql, {
      ttl: start.newThread.temporary || start.newThread.parent ? null : context.retention.defaultTtl,
      ...start.newThread,
      threadId: start.threadId,
      owner: start.owner,
    });
    if (made !== null) return { thread: made, fresh: true };
  }
  // one round trip: the second statement is sent before the first has answered and still runs after it
  const locking = lockThread(sql, start.threadId);
  const runs = activeRuns(sql, start.threadId);
  const [thread] = await Promise.all([locking, runs]);
  if (thread === null || !isWithin(start.reach ?? start.owner, thread)) throw threadNotFound(start.threadId);
  return { thread, fresh: false, runs };
}

async function makeRoom(sql: Sql, start: StartRun, thread: LockedThread, active: ActiveRuns["active"], effects: Effects): Promise<void> {
  if (active.length === 0 || start.strategy === "enqueue") return;
  if (start.strategy === "reject") {
    const advice = active.every((run) => run.planned)
      ? "It is planned for later (after_seconds). Cancel it, or choose another multitask_strategy: enqueue goes before it, interrupt and rollback take its place."
      : "Wait for it, or choose another multitask_strategy: enqueue, interrupt or rollback.";
    throw new AppError("thread_busy", `Thread ${thread.thread_id} is already running a task. ${advice}`, {
      details: { thread_id: thread.thread_id, run_ids: active.map((run) => run.run_id) },
    });
  }
  for (const { run_id: runId } of active) {
    // whoever claims takes no lock on the thread: what was pending when it was listed may be running by now
    const cancelled = await cancelRunRow(sql, { runId, action: start.strategy });
    if (cancelled?.status === "running") {
      await notifyRuns(sql, { kind: "cancel", runId });
      effects.cancelled.push(runId);
    } else if (cancelled !== null) {
      await reopenAnswers(sql, runId);
      await queueWebhook(sql, runId);
      if (start.strategy === "rollback") await deleteRunRow(sql, runId);
      effects.ended.push(runId);
    }
  }
}

/** True for a run that leaves a pending question behind; going on without input asks it again. */
function goesOn(start: StartRun): boolean {
  const { input, command } = start.kwargs;
  return start.forks || (input !== null && input !== undefined) || (command?.goto ?? null) !== null || (command?.update ?? null) !== null;
}
