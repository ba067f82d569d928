import { advanceCron, disableCron, postponeCron } from "#db/queries/settle-cron.ts";
import { anyCronDue, claimCron, type DueCron } from "#db/queries/claim-cron.ts";
import { findAssistant } from "#db/queries/find-assistant.ts";
import type { Sql, Transaction } from "#db/queries/sql.ts";
import { tryLockThread } from "#db/queries/try-lock-thread.ts";
import { AppError, isAppError, isConnectionLost } from "#errors";
import { JUDGED } from "#governance/permit.ts";
import type { Judge } from "#ports/access.ts";
import type { Caller } from "#ports/services.ts";
import { CronPayload } from "#protocol/crons.ts";
import { backoff } from "./backoff.ts";
import type { Chore } from "./chore.ts";
import { nextTick } from "./cron-schedule.ts";
import { idOf, newId } from "./ids.ts";
import { judgeRun } from "./judge-run.ts";
import { kwargsOf } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { startRun } from "./start-run.ts";
import { givenConfig } from "./thread-settings.ts";

/** Tries of one tick, over a quarter of an hour, before its cron is switched off. */
const HOPELESS = 20;

/** How late the last ticks before the end may still come. */
const LATE_AFTER_END_MS = 60_000;

/**
 * Starts the runs of crons. A cron stands at its next tick (`next_run_date`), and leaves it in one of these ways:
 *
 *   fired      the run is inserted and the cron moved on in one transaction; the run's id comes from cron and tick, so a tick has one run
 *   dropped    the thread is busy and the cron says `reject`, or the cron has ended meanwhile
 *   postponed  the run could not be inserted for now; tried again, later and later
 *   disabled   it never can be; the reason stands in the row
 *
 * It moves to the first tick after now, so ticks that were missed (nobody was running, the graph was not served) become one late run; and
 * never to a tick before the one it stood at, so a clock that goes back fires nothing twice. Any number of processes may do this at once.
 */
export function cronRuns(context: RuntimeContext): Chore {
  const { sql } = context.database;
  return {
    name: "crons",
    everyMs: 500,
    async run() {
      const { now, due } = await anyCronDue(sql, context.clock?.() ?? null);
      if (!due) return;
      const busy: string[] = [];
      const look = async (transaction: Transaction): Promise<boolean> => {
        const cron = await claimCron(transaction, { now, graphIds: context.graphs.runnable, except: busy });
        if (cron === null) return false;
        if (cron.thread_id === null || (await tryLockThread(transaction, cron.thread_id))) await settle(context, transaction, cron, now);
        else busy.push(cron.cron_id);
        return true;
      };
      while (await sql.begin(look));
    },
  };
}

async function settle(context: RuntimeContext, sql: Transaction, cron: DueCron, now: Date): Promise<void> {
  const tick = cron.next_run_date;
  const log = context.log.child({ cron_id: cron.cron_id, tick: tick.toISOString() });
  try {
    const nextRunDate = tickAfter(cron, now);
    await sql.savepoint(async (inner) => {
      if (!hasEnded(cron, now)) {
        const refusal = await inner.savepoint((innermost) => fire(context, innermost, cron)).then(() => null, refusalOf);
        if (refusal !== null) log.info({ code: refusal.code }, "a tick of a cron started nothing");
      }
      await advanceCron(inner, { cronId: cron.cron_id, lastTick: tick, nextRunDate });
    });
  } catch (error) {
    // nothing more can be said on this connection; the tick is as it was
    if (isConnectionLost(error)) throw error;
    if (isAppError(error) && error.terminal) {
      log.warn({ err: error }, "a cron cannot work and is switched off");
      await disableCron(sql, { cronId: cron.cron_id, reason: error.message });
    } else if (cron.failures >= HOPELESS) {
      log.error({ err: error }, "a cron could not start its run, again and again, and is switched off");
      const reason = `Its run of ${tick.toISOString()} could not be started in ${HOPELESS} tries; the server's log says why.`;
      await disableCron(sql, { cronId: cron.cron_id, reason });
    } else {
      log.warn({ err: error, failures: cron.failures + 1 }, "a cron could not start its run; tried again later");
      await postponeCron(sql, { cronId: cron.cron_id, retryAt: new Date(now.getTime() + backoff(cron.failures) * 1_000) });
    }
  }
}

/** The thread says no, or the tick had its run before: nothing to do for this tick, and nothing wrong with the cron. */
function refusalOf(error: unknown): AppError {
  if (isAppError(error) && (error.code === "thread_busy" || error.code === "conflict")) return error;
  throw error;
}

function tickAfter(cron: DueCron, now: Date): Date | null {
  const next = nextTick(cron, cron.next_run_date > now ? cron.next_run_date : now);
  return next === null || (cron.end_time !== null && next > cron.end_time) ? null : next;
}

/** True for a cron whose last tick is so late that nobody expects it any more. */
function hasEnded(cron: DueCron, now: Date): boolean {
  return cron.end_time !== null && now.getTime() > cron.end_time.getTime() + LATE_AFTER_END_MS;
}

/** A cron asks as who made it, under the rules as they are now. */
function makerOf(context: RuntimeContext, { owner, creator }: DueCron): Caller {
  if (creator === null) return { owner };
  return context.judgeOf === null ? { owner, user: creator } : { owner, user: creator, judge: inTime(context.judgeOf(creator), context.judgeSeconds) };
}

/** A rule that waits for something that is away would keep the thread locked and every other cron waiting. */
function inTime(judge: Judge, seconds: number): Judge {
  return async (event, value) => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new AppError("internal", `The rule for ${event} did not answer within ${seconds} s.`)), seconds * 1_000);
    try {
      return await Promise.race([judge(event, value), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function fire(context: RuntimeContext, sql: Sql, cron: DueCron): Promise<void> {
  const caller = makerOf(context, cron);
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
  await startRun(
    context,
    null,
    {
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
    },
    sql,
  );
}
