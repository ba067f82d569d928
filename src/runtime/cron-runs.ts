import { anyCronDue, claimCron, type DueCron, findDueCron, giveCronBack, leaseCron } from "#db/queries/claim-cron.ts";
import { currentTime } from "#db/queries/current-time.ts";
import { advanceCron, disableCron, postponeCron } from "#db/queries/settle-cron.ts";
import type { Sql, Transaction } from "#db/queries/sql.ts";
import { tryLockThread } from "#db/queries/try-lock-thread.ts";
import { type AppError, isAppError, isConnectionLost } from "#errors";
import { backoff } from "./backoff.ts";
import type { Chore } from "./chore.ts";
import { nextTick } from "./cron-schedule.ts";
import { isJudged, tickOf } from "./cron-tick.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { type StartRun, startRun } from "./start-run.ts";

/** Tries of one tick, over a quarter of an hour, before its cron is switched off. */
const HOPELESS = 20;

/** How late the last ticks before the end may still come. */
const LATE_AFTER_END_MS = 60_000;

/** Rules that one process waits for at a time. They hold nothing meanwhile. */
const ASKS = 50;

/** What the database may take on top of the rule, until another process may ask as well. */
const LEASE_MARGIN_SECONDS = 10;

/** What is to be started, or why nothing can be. */
type Answer = { start: StartRun } | { refusal: unknown };

/**
 * Starts the runs of crons. A cron stands at its next tick (`next_run_date`), and leaves it in one of these ways:
 *
 *   fired      the run is inserted and the cron moved on in one transaction; the run's id comes from cron and tick, so a tick has one run
 *   dropped    the thread is busy and the cron says `reject`, or the cron has ended meanwhile
 *   postponed  the run could not be inserted for now; tried again, later and later
 *   disabled   it never can be; the reason stands in the row
 *
 * Where a project has rules of its own they are asked before that transaction, and hold neither a row nor a connection: meanwhile the cron is
 * leased (`retry_at`), so that they are asked once. What fires is the cron as it was when they were asked; one that was changed meanwhile is
 * looked at anew.
 *
 * It moves to the first tick after now, so ticks that were missed (nobody was running, the graph was not served) become one late run; and
 * never to a tick before the one it stood at, so a clock that goes back fires nothing twice. Any number of processes may do this at once.
 */
export class CronRuns implements Chore {
  readonly name = "crons";
  readonly everyMs = 500;
  readonly #context: RuntimeContext;
  readonly #asking = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** Fires what is due, and begins to ask the rules of what is judged without waiting for them. */
  async run(): Promise<void> {
    const { sql } = this.#context.database;
    const { now, due } = await anyCronDue(sql, this.#context.clock?.() ?? null);
    if (!due) return;
    const except: string[] = [];
    while (!this.#stop.signal.aborted && this.#asking.size < ASKS) {
      const cron = await findDueCron(sql, { now, graphIds: this.#context.graphs.runnable, except });
      if (cron === null) return;
      if (isJudged(this.#context, cron)) {
        except.push(cron.cron_id);
        await this.#ask(cron, now);
      } else if (!(await this.#fire(cron, await this.#answerTo(cron)))) except.push(cron.cron_id);
    }
  }

  /** Takes nothing new, waits for no rule, and leaves what was asked to others. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#asking);
  }

  async #ask(cron: DueCron, now: Date): Promise<void> {
    const { database, judgeSeconds, log } = this.#context;
    const until = new Date(now.getTime() + (judgeSeconds + LEASE_MARGIN_SECONDS) * 1_000);
    if (!(await leaseCron(database.sql, cron, { now, until }))) return;
    const work = async () => {
      const answer = await this.#answerTo(cron);
      const isOver = !this.#stop.signal.aborted && (await this.#fire(cron, answer));
      if (!isOver) await giveCronBack(database.sql, cron, { until });
    };
    const asking = work()
      .catch((error: unknown) => log.warn({ err: error, cron_id: cron.cron_id }, "a tick could not be settled; it is tried again when its lease is over"))
      .finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }

  async #answerTo(cron: DueCron): Promise<Answer> {
    try {
      return { start: await tickOf(this.#context, this.#context.database.sql, cron, this.#stop.signal) };
    } catch (refusal) {
      return { refusal };
    }
  }

  /** False when the cron, or its thread, is in somebody else's hands: then nothing was done. */
  async #fire(cron: DueCron, answer: Answer): Promise<boolean> {
    const { database, clock } = this.#context;
    return database.sql.begin(async (transaction) => {
      if (!(await claimCron(transaction, cron))) return false;
      if (cron.thread_id !== null && !(await tryLockThread(transaction, cron.thread_id))) return false;
      await settle(this.#context, transaction, cron, clock?.() ?? (await currentTime(transaction)), answer);
      return true;
    });
  }
}

async function settle(context: RuntimeContext, sql: Transaction, cron: DueCron, now: Date, answer: Answer): Promise<void> {
  const tick = cron.next_run_date;
  const log = context.log.child({ cron_id: cron.cron_id, tick: tick.toISOString() });
  try {
    const nextRunDate = tickAfter(cron, now);
    await sql.savepoint(async (inner) => {
      if (!hasEnded(cron, now)) {
        const refusal = await inner.savepoint((innermost) => fire(context, innermost, answer)).then(() => null, refusalOf);
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

async function fire(context: RuntimeContext, sql: Sql, answer: Answer): Promise<void> {
  if ("refusal" in answer) throw answer.refusal;
  await startRun(context, null, answer.start, sql);
}
