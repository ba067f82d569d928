import { activeRuns } from "#db/queries/active-runs.ts";
import { headCheckpoint } from "#db/queries/head-checkpoint.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import { restoreThread } from "#db/queries/restore-thread.ts";
import { setThreadCache } from "#db/queries/set-thread-cache.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { settleApprovals } from "#governance/approvals.ts";
import { threadStand } from "./thread-stand.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { ROOT_BRANCH } from "./start-run.ts";

/**
 * Brings a thread's row and its questions in line with its newest checkpoint, after that was written or taken away by hand. Where a run moved
 * the head meanwhile nothing is done: the end of that run says where the thread stands. `keepsStatus`: what failed or was stopped is so still,
 * for a copy of it.
 */
export async function refreshThread(
  context: RuntimeContext,
  thread: Pick<ThreadRow, "thread_id" | "owner">,
  graphId: string,
  { keepsStatus }: { keepsStatus: boolean } = { keepsStatus: false },
): Promise<void> {
  const { sql } = context.database;
  const head = await headCheckpoint(sql, thread.thread_id);
  const stand = await threadStand(context, graphId, thread.thread_id);
  await sql.begin(async (transaction) => {
    const row = await lockThread(transaction, thread.thread_id);
    if (row === null || (await headCheckpoint(transaction, thread.thread_id)) !== head) return;
    const { branch } = await activeRuns(transaction, thread.thread_id);
    const cache = { threadId: thread.thread_id, valuesJson: stand.valuesJson, interruptsJson: stand.interruptsJson };
    if (keepsStatus && stand.interrupts.length === 0) await restoreThread(transaction, cache);
    else await setThreadCache(transaction, { ...cache, status: stand.next.length > 0 ? "interrupted" : "idle" });
    const asked = { threadId: thread.thread_id, runId: thread.thread_id, owner: thread.owner, branch: branch ?? ROOT_BRANCH, graphId };
    await settleApprovals(transaction, { asked, interrupts: stand.interrupts, endingRunId: null, clock: context.clock?.() ?? null });
  });
}
