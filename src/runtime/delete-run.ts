import { activeRuns } from "#db/queries/active-runs.ts";
import { clearThreadCache } from "#db/queries/clear-thread-cache.ts";
import { deleteRunEnds } from "#db/queries/delete-checkpoints.ts";
import { deleteRunRow } from "#db/queries/delete-run.ts";
import { forgetWrites } from "#db/queries/forget-writes.ts";
import { headCheckpoint } from "#db/queries/head-checkpoint.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import { refreshThread } from "./refresh-thread.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/**
 * Deletes a run that is over, and what it wrote as far as nothing else stands on it: the thread's last run leaves the thread as it was before
 * (like a rollback), a run in the middle leaves what later ones went on from, an abandoned branch goes whole. While another run is underway on
 * the thread, or its graph cannot be loaded, only the row goes.
 */
export async function deleteEndedRun(context: RuntimeContext, run: RunRow): Promise<void> {
  const { sql } = context.database;
  const loaded = context.graphs.find(run.graph_id);
  const changed = await sql.begin(async (transaction) => {
    const thread = await lockThread(transaction, run.thread_id);
    if (thread === null) return null;
    const before = await headCheckpoint(transaction, run.thread_id);
    await deleteRunRow(transaction, run.run_id);
    const { active } = await activeRuns(transaction, run.thread_id);
    if (active.length > 0 || loaded === null || loaded.error !== null) return null;
    if ((await deleteRunEnds(transaction, run.thread_id, run.run_id)) === 0) return null;
    const now = await headCheckpoint(transaction, run.thread_id);
    if (now === before) return null;
    const answered = run.kwargs["command"] !== null && run.kwargs["command"] !== undefined;
    if (answered && now !== null && now === run.base_checkpoint) await forgetWrites(transaction, { threadId: run.thread_id, checkpointId: now });
    // a crash right after this must not leave words in the list of threads that were deleted
    await clearThreadCache(transaction, run.thread_id);
    return thread;
  });
  await context.bus.forget(run.run_id);
  if (changed !== null) await refreshThread(context, changed, run.graph_id);
}
