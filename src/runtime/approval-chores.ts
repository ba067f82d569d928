import { anyApprovalDue, dropVerdict, expireApprovals, postponeVerdict, verdictsDue, warnOfExpiry } from "#db/queries/due-approvals.ts";
import type { ApprovalRow, Verdict } from "#db/queries/approval-row.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { notifyRuns } from "#db/queries/notify.ts";
import { AppError, isAppError, isConnectionLost } from "#errors";
import { planDecision } from "#governance/approvals.ts";
import { JUDGED } from "#governance/permit.ts";
import { backoff } from "./backoff.ts";
import type { Chore } from "./chore.ts";
import { idOf } from "./ids.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { childOf, queueOutcome } from "./team-outcome.ts";
import { resumeWith } from "./resume-with.ts";
import { userWhoAsked } from "./user-who-asked.ts";
import type { Worker } from "./worker.ts";

const AT_ONCE = 100;
/** Tries of one verdict before the question is left to people. */
const HOPELESS = 5;

const REJECTION: Verdict = { via: "expiry", decision: { type: "reject", message: "Nobody answered in time.", args: null } };

/**
 * What happens to a pending question by the clock and by rules:
 *
 *   verdict    a rule decided it: claimed and resumed the same way as a person's decision, so that only one of them counts
 *   warned     its expiry is near
 *   expired    rejected (as a verdict), reminded of, given to somebody else, or parked; never approved
 *
 * A verdict that cannot be carried out is tried again, later and later, and then left to people. Any number of processes may do this at once.
 */
export function approvalChores(context: RuntimeContext, worker: Worker | null): Chore {
  const { sql } = context.database;
  return {
    name: "approvals",
    everyMs: 500,
    async run() {
      const now = context.clock?.() ?? null;
      if (!(await anyApprovalDue(sql, now))) return;
      for (const { id, thread_id, expires_at } of await warnOfExpiry(sql, now)) {
        context.log.warn({ approval_id: id, thread_id, expires_at: expires_at.toISOString() }, "a question to a person expires soon");
      }
      for (;;) {
        const expired = await expireApprovals(sql, now, REJECTION);
        for (const { id, thread_id, on_expire } of expired) context.log.info({ approval_id: id, thread_id, on_expire }, "nobody answered a question in time");
        if (expired.length === 0) break;
      }
      for (;;) {
        const due = await verdictsDue(sql, now, AT_ONCE);
        for (const row of due) await carryOut(context, worker, row, now);
        if (due.length < AT_ONCE) return;
      }
    },
  };
}

async function carryOut(context: RuntimeContext, worker: Worker | null, row: ApprovalRow & { verdict: Verdict }, now: Date | null): Promise<void> {
  const { sql } = context.database;
  const { via, decision } = row.verdict;
  const log = context.log.child({ approval_id: row.id, thread_id: row.thread_id, policy: row.policy?.name });
  try {
    if (row.attempts >= HOPELESS) throw new AppError("conflict", `Its run failed ${HOPELESS} times.`);
    const decidedBy = via === "expiry" ? "expiry" : `policy:${row.policy?.name ?? "unknown"}`;
    const plan = await planDecision({ row, raw: decision, decidedBy, sealSecretAnswer: context.sealSecretAnswer });
    await resumeWith(context, worker, {
      threadId: row.thread_id,
      owner: row.owner,
      reach: JUDGED,
      user: await userWhoAsked(sql, row),
      // two processes that carry out the same verdict make the same run
      runId: idOf("verdict", row.id, String(row.attempts)),
      plan,
      decidedBy,
      via,
    });
    log.info({ via, decision: decision.type }, "a question was decided by a rule");
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    if (isAppError(error) && (error.code === "already_decided" || (error.code === "conflict" && row.attempts < HOPELESS)))
      return await settled(context, row, now);
    log.warn({ err: error, attempts: row.attempts + 1 }, "what a rule decided could not be carried out");
    if (row.attempts + 1 < HOPELESS && !(isAppError(error) && error.terminal)) {
      await postponeVerdict(sql, row.id, { clock: now, seconds: backoff(row.attempts) });
    } else {
      await leaveToPeople(context, row, isAppError(error) ? error.message : "It could not be carried out; the server's log says why.");
    }
  }
}

/** Somebody else was faster; if not (the run's id is taken by an attempt that failed), it is tried again later. */
async function settled(context: RuntimeContext, row: ApprovalRow, now: Date | null): Promise<void> {
  await postponeVerdict(context.database.sql, row.id, { clock: now, seconds: backoff(row.attempts) });
}

async function leaveToPeople(context: RuntimeContext, row: ApprovalRow, why: string): Promise<void> {
  await context.database.sql.begin(async (sql) => {
    if (!(await dropVerdict(sql, row.id, why))) return;
    const thread = await findThread(sql, row.thread_id, JUDGED);
    const child = thread === null || thread.graph_id === null ? null : childOf({ ...thread, graph_id: thread.graph_id });
    // now there is something to tell the parent about
    if (child === null) return;
    await queueOutcome(sql, child, row.run_id, { status: "waiting", result: null, error: null });
    await notifyRuns(sql, { kind: "outbox" });
  });
}
