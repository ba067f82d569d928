import { deleteThreadCheckpoints } from "#db/queries/delete-checkpoints.ts";
import { deleteThreadRows } from "#db/queries/delete-thread.ts";
import { notifyRuns } from "#db/queries/notify.ts";
import { runsOfThreads } from "#db/queries/runs-of-threads.ts";
import type { Transaction } from "#db/queries/sql.ts";
import { lockThreadTree } from "#db/queries/thread-tree.ts";
import { retrying } from "./backoff.ts";
import { isDeadlock } from "./deadlock.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { queueWebhook } from "./webhooks/queue-webhook.ts";
import type { Worker } from "./worker.ts";

export interface RemoveThread {
  threadId: string;
  /** For sweeps: leaves alone what somebody works on, and what is not due any more by the time that it is locked. */
  onlyIf?: (sql: Transaction, tree: readonly string[]) => Promise<boolean>;
}

/**
 * Removes a thread and the threads of its teams with all that they hold, in one transaction: either everything is gone or nothing. What still
 * runs there is stopped, here and in other processes, and can write nothing from then on. What model calls cost stays counted.
 * False when there was nothing to remove.
 */
export async function removeThread(context: RuntimeContext, worker: Worker | null, remove: RemoveThread): Promise<boolean> {
  const gone = await retrying(() => context.database.sql.begin((sql) => removeTree(sql, remove)), { attempts: 5, when: isDeadlock });
  if (gone === null) return false;
  context.checkpointer.forget(gone.tree);
  // what sweeps remove has been at rest for long, and its events with it
  if (remove.onlyIf === undefined) for (const threadId of gone.tree) await context.bus.forget(threadId);
  for (const run of gone.runs) {
    if (run.status === "pending" || run.status === "running") {
      worker?.cancelled(run.run_id);
      await context.bus.end(run.run_id);
    } else {
      await context.bus.forget(run.run_id);
    }
  }
  return true;
}

async function removeTree(sql: Transaction, remove: RemoveThread) {
  const tree = await lockThreadTree(sql, remove.threadId, { skipLocked: remove.onlyIf !== undefined });
  if (tree === null || tree.length === 0) return null;
  if (remove.onlyIf !== undefined && !(await remove.onlyIf(sql, tree))) return null;
  const runs = await runsOfThreads(sql, tree);
  const active = runs.filter((run) => run.status === "pending" || run.status === "running");
  for (const run of active) await queueWebhook(sql, run.run_id, { status: "interrupted" });
  // the rows go first: that waits for writes on their way, and nothing is written afterwards
  await deleteThreadRows(sql, tree);
  await deleteThreadCheckpoints(sql, tree);
  for (const run of active) if (run.status === "running") await notifyRuns(sql, { kind: "cancel", runId: run.run_id });
  return { tree, runs };
}
