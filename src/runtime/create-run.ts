import { findThread } from "#db/queries/find-thread.ts";
import { headCheckpoint } from "#db/queries/head-checkpoint.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { AppError, type ErrorCode, isAppError } from "#errors";
import { planResume, type ResumePlan } from "#governance/approvals.ts";
import { requireDeciding } from "#governance/identity/rights.ts";
import { permit } from "#governance/permit.ts";
import type { Caller } from "#ports/caller.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import { asksAt } from "./asks-at.ts";
import { findUsableAssistant } from "./assistants.ts";
import { findKeptRun, type Once } from "./idempotency.ts";
import { newId } from "./ids.ts";
import { judgeRun } from "./judge-run.ts";
import { mustKnowCheckpoint } from "./known-checkpoint.ts";
import { mustBeThreadId, mustFindRun, threadNotFound } from "./must-find.ts";
import { planPastResume } from "./resume-past.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import { kwargsOf, withPlan } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { type StartedRun, startRun } from "./start-run.ts";
import { givenConfig } from "./thread-settings.ts";
import { mustBeReachable } from "./webhooks/webhook-settings.ts";
import type { Worker } from "./worker.ts";

/** What a request is told whose work another one did. */
const TAKEN = new Set<ErrorCode>(["thread_busy", "nothing_to_resume", "resume_ambiguous", "already_decided", "conflict"]);

/** What of a run the route says, not the request. */
export interface RunOptions {
  headers: Record<string, string>;
  /** Somebody reads its stream from the start. */
  streamed: boolean;
  once: Once | null;
  /** It is followed over protocol v2. */
  threadEvents?: boolean | undefined;
  /** Somebody only waits for its end. */
  awaited?: boolean | undefined;
}

/** `threadId` null: stateless, on a temporary thread. */
export type CreateRun = (caller: Caller, threadId: string | null, input: RunCreate, options: RunOptions) => Promise<StartedRun>;

/**
 * How a request becomes a run: who may, by which assistant, from which checkpoint, with which answers; then it is started by the rules of its
 * thread. The same request sent again answers the run that it made. `worker`: null in a process that only serves.
 */
export function makeCreateRun(context: RuntimeContext, worker: Worker | null): CreateRun {
  const { sql } = context.database;

  return create;

  async function create(caller: Caller, threadId: string | null, input: RunCreate, options: RunOptions): Promise<StartedRun> {
    if (options.once === null) return createNew(caller, threadId, input, options);
    const kept = await made(caller, options.once);
    if (kept !== null) return kept;
    try {
      return await createNew(caller, threadId, input, options);
    } catch (error) {
      // the same request, sent twice at once: the other one took the thread or the question that this one found free
      if (!isAppError(error) || !TAKEN.has(error.code)) throw error;
      const other = await made(caller, options.once);
      if (other !== null) return other;
      throw error;
    }
  }

  /** The run that the same request made before, if its caller may see it still. */
  async function made(caller: Caller, asked: Once): Promise<StartedRun | null> {
    const kept = await findKeptRun(sql, caller.owner, asked);
    if (kept === null) return null;
    const { access } = await permit(caller, "threads:create_run", { thread_id: kept.thread_id, assistant_id: kept.assistant_id, run_id: kept.run_id });
    return { run: await mustFindRun(sql, access, kept.thread_id, kept.run_id), claimed: null, existed: true };
  }

  async function createNew(caller: Caller, threadId: string | null, input: RunCreate, options: RunOptions): Promise<StartedRun> {
    const stateless = threadId === null;
    if (threadId !== null) mustBeThreadId(threadId);
    if (input.webhook) mustBeReachable(context.webhooks, input.webhook);
    const wantsResume = input.command !== null && input.command !== undefined && input.command.resume !== undefined;
    const assistant = await findUsableAssistant(context, caller, input.assistant_id);
    const runId = newId();
    const asked = {
      ...kwargsOf(input, assistant, options.headers, options.streamed),
      awaited: options.awaited ?? false,
      thread_events: options.threadEvents ?? false,
    };
    const judged = await judgeRun(caller, { runId, threadId, assistantId: assistant.assistant_id, input, kwargs: asked });
    const { access, metadata } = judged;
    const given = givenConfig(input.config, asked, judged.kwargs);
    let { kwargs } = judged;
    const thread = threadId !== null && (wantsResume || kwargs.checkpoint) ? await findThread(sql, threadId, access) : null;
    const head = kwargs.checkpoint && thread !== null ? await headCheckpoint(sql, thread.thread_id) : null;
    // naming the head is what clients do that keep track of it; nothing is forked
    if (kwargs.checkpoint && kwargs.checkpoint.checkpoint_id === head && !kwargs.checkpoint.checkpoint_ns) kwargs = { ...kwargs, checkpoint: null };
    const forks = Boolean(kwargs.checkpoint);
    if (kwargs.checkpoint && thread !== null) await mustKnowCheckpoint(sql, thread.thread_id, kwargs.checkpoint);
    if (threadId !== null && hasGoto(kwargs) && (await asksAt(context, threadId, kwargs.checkpoint))) requireDeciding(caller);
    const plan = wantsResume ? await planFor(caller, threadId, thread, kwargs) : null;
    if (plan !== null) kwargs = withPlan(kwargs, plan);
    return startRun(context, worker, {
      runId,
      threadId: threadId ?? newId(),
      owner: caller.owner,
      reach: access,
      assistant,
      kwargs,
      given,
      metadata,
      // an answer that a person gave is never bounced because another one is being carried in
      strategy: input.multitask_strategy ?? (plan === null ? "reject" : "enqueue"),
      afterSeconds: input.after_seconds ?? 0,
      stateless,
      newThread: stateless ? { metadata, temporary: input.on_completion !== "keep" } : input.if_not_exists === "create" ? { metadata } : null,
      forks,
      plan,
      decidedBy: caller.owner,
      once: options.once,
      // a person's answer finds room always
      atOnce: plan === null ? caller.limits : undefined,
    });
  }

  async function planFor(caller: Caller, threadId: string | null, thread: ThreadRow | null, kwargs: RunKwargs): Promise<ResumePlan> {
    if (thread === null) {
      if (threadId !== null) throw threadNotFound(threadId);
      throw new AppError("nothing_to_resume", "A stateless run has nothing to resume.");
    }
    const resume = kwargs.command?.resume;
    if (kwargs.checkpoint) return planPastResume(context, { thread, kwargs, resume, decidedBy: caller.owner });
    const atBreakpoint = thread.status === "interrupted" && Object.keys(thread.interrupts).length === 0;
    return planResume(sql, { threadId: thread.thread_id, resume, decidedBy: caller.owner, atBreakpoint, sealSecretAnswer: context.sealSecretAnswer });
  }
}

function hasGoto({ command }: RunKwargs): boolean {
  return command?.goto !== undefined && command.goto !== null;
}
