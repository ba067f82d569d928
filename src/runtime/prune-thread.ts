import { activeRuns } from "#db/queries/active-runs.ts";
import { pruneCheckpoints } from "#db/queries/delete-checkpoints.ts";
import type { Transaction } from "#db/queries/sql.ts";
import { lockThreadTree } from "#db/queries/thread-tree.ts";
import { retrying } from "./backoff.ts";
import { isDeadlock } from "./deadlock.ts";
import type { RuntimeContext } from "./runtime-context.ts";

export interface PruneThread {
  threadId: string;
  /** As in `remove-thread.ts`; with it nobody is waited for. */
  onlyIf?: (sql: Transaction, tree: readonly string[]) => Promise<boolean>;
  /** In the same transaction, once it is pruned. */
  afterwards?: (sql: Transaction) => Promise<void>;
}

/**
 * Reduces a thread, and those of its teams, to the state they are in: what waits for an answer can still be answered, what was said is there,
 * but nobody can go back. A thread with a run that is not over is left alone, because that run may stand on any checkpoint.
 * False when it was, or when there is no such thread.
 */
export function pruneThread(context: RuntimeContext, prune: PruneThread): Promise<boolean> {
  return retrying(() => context.database.sql.begin((sql) => pruneTree(sql, prune)), { attempts: 5, when: isDeadlock });
}

async function pruneTree(sql: Transaction, prune: PruneThread): Promise<boolean> {
  const tree = await lockThreadTree(sql, prune.threadId, { skipLocked: prune.onlyIf !== undefined });
  if (tree === null || tree.length === 0) return false;
  if (prune.onlyIf !== undefined && !(await prune.onlyIf(sql, tree))) return false;
  let pruned = false;
  for (const threadId of tree) {
    if ((await activeRuns(sql, threadId)).active.length > 0) continue;
    await pruneCheckpoints(sql, threadId, 1);
    if (threadId === prune.threadId) pruned = true;
  }
  if (pruned) await prune.afterwards?.(sql);
  return pruned;
}
