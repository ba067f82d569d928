import { cancelRunRow } from "#db/queries/cancel-run.ts";
import { deleteRunRow } from "#db/queries/delete-run.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import { notifyRuns } from "#db/queries/notify.ts";
import { reopenAnswers } from "#db/queries/reopen-answers.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import { settleThread } from "#db/queries/settle-thread.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { childOf, queueOutcome } from "./team-outcome.ts";
import { queueWebhook } from "./webhooks/queue-webhook.ts";

/**
 * Ends a run that nobody has taken, and tells the worker of one that is on, in whatever process it is.
 *
 * @returns null: it is over, or gone
 */
export async function cancelRun(
  { database, bus }: Pick<RuntimeContext, "database" | "bus">,
  run: Pick<RunRow, "run_id" | "thread_id">,
  action: "interrupt" | "rollback",
): Promise<"interrupted" | "running" | null> {
  const outcome = await database.sql.begin(async (transaction) => {
    const thread = await lockThread(transaction, run.thread_id);
    if (thread === null) return null;
    const cancelled = await cancelRunRow(transaction, { runId: run.run_id, action });
    if (cancelled === null) return null;
    if (cancelled.status === "running") {
      await notifyRuns(transaction, { kind: "cancel", runId: run.run_id });
    } else {
      await reopenAnswers(transaction, run.run_id);
      await queueWebhook(transaction, run.run_id);
      if (action === "rollback") await deleteRunRow(transaction, run.run_id);
      await settleThread(transaction, run.thread_id);
      const child = childOf(thread);
      if (child !== null) await queueOutcome(transaction, child, run.run_id, { status: "cancelled", result: null, error: null });
    }
    return cancelled.status;
  });
  if (outcome === "interrupted") await bus.end(run.run_id);
  return outcome;
}
