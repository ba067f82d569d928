import type { DueCron } from "#db/queries/claim-cron.ts";
import { findAssistant } from "#db/queries/find-assistant.ts";
import type { Sql } from "#db/queries/sql.ts";
import { AppError } from "#errors";
import { JUDGED } from "#governance/permit.ts";
import type { Judge } from "#ports/access.ts";
import type { Caller } from "#ports/caller.ts";
import { CronPayload } from "#protocol/crons.ts";
import { idOf, newId } from "./ids.ts";
import { judgeRun } from "./judge-run.ts";
import { kwargsOf } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import type { StartRun } from "./start-run.ts";
import { givenConfig } from "./thread-settings.ts";

/** Whether the project's own rules have a say in what a cron does: they may take their time. */
export function isJudged(context: RuntimeContext, cron: DueCron): boolean {
  return context.judgeOf !== null && cron.creator !== null;
}

/**
 * What the tick of a cron starts, with the consent of the rules. Locks nothing: a rule may be slow. The run's id comes from cron and tick.
 *
 * @param signal ends the wait for a rule
 * @throws AppError whatever the rules say; `not_found`, `invalid_request` when it can never be started
 */
export async function tickOf(context: RuntimeContext, sql: Sql, cron: DueCron, signal: AbortSignal): Promise<StartRun> {
  const caller = makerOf(context, cron, signal);
  const assistant = await findAssistant(sql, cron.assistant_id, caller.judge === undefined ? cron.owner : JUDGED);
  if (assistant === null) throw new AppError("not_found", "Its owner has no such assistant any more.");
  const payload = CronPayload.safeParse(cron.payload);
  if (!payload.success) throw new AppError("invalid_request", "What its runs are to be started with cannot be read by this version; make it anew.");
  const tick = cron.next_run_date.toISOString();
  const runId = idOf("cron", cron.cron_id, tick);
  const input = { ...payload.data, assistant_id: assistant.assistant_id, metadata: { ...cron.metadata, cron_id: cron.cron_id, scheduled_for: tick } };
  const asked = kwargsOf(input, assistant, {}, false);
  const { access, metadata, kwargs } = await judgeRun(caller, {
    runId,
    threadId: cron.thread_id,
    assistantId: assistant.assistant_id,
    input,
    kwargs: asked,
  });
  return {
    runId,
    threadId: cron.thread_id ?? newId(),
    owner: cron.owner,
    reach: access,
    assistant,
    kwargs,
    given: givenConfig(input.config, asked, kwargs),
    metadata,
    strategy: payload.data.multitask_strategy ?? "enqueue",
    afterSeconds: 0,
    stateless: cron.thread_id === null,
    newThread: cron.thread_id === null ? { metadata, temporary: cron.on_run_completed === "delete" } : null,
    forks: false,
    plan: null,
    decidedBy: cron.owner,
  };
}

/** A cron asks as who made it, under the rules as they are now. */
function makerOf(context: RuntimeContext, { owner, creator }: DueCron, signal: AbortSignal): Caller {
  if (creator === null) return { owner };
  return context.judgeOf === null ? { owner, user: creator } : { owner, user: creator, judge: inTime(context.judgeOf(creator), context.judgeSeconds, signal) };
}

/** A rule that waits for something that is away would never let the tick be tried again. */
function inTime(judge: Judge, seconds: number, signal: AbortSignal): Judge {
  return async (event, value) => {
    signal.throwIfAborted();
    const late = Promise.withResolvers<never>();
    const stop = () => late.reject(signal.reason);
    const timer = setTimeout(() => late.reject(new AppError("internal", `The rule for ${event} did not answer within ${seconds} s.`)), seconds * 1_000);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([judge(event, value), late.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  };
}
