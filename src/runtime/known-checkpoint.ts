import { checkpointExists } from "#db/queries/checkpoint-exists.ts";
import type { Sql } from "#db/queries/sql.ts";
import { AppError } from "#errors";

/**
 * LangGraph takes an unknown checkpoint for an empty thread: a run or an update there would start from nothing, become the newest state and
 * hide everything that was said before. So what is written goes to checkpoints that exist.
 *
 * @throws AppError `not_found`
 */
export async function mustKnowCheckpoint(
  sql: Sql,
  threadId: string,
  checkpoint: { checkpoint_id?: string | null | undefined; checkpoint_ns?: string | null | undefined },
): Promise<void> {
  const { checkpoint_id: checkpointId, checkpoint_ns: checkpointNs } = checkpoint;
  // without an id it is the newest one
  if (!checkpointId) return;
  if (await checkpointExists(sql, { threadId, checkpointNs: checkpointNs ?? "", checkpointId })) return;
  throw new AppError(
    "not_found",
    `Checkpoint ${checkpointId} not found on thread ${threadId}: it was never there, or was pruned. Choose one of those that the thread's history lists.`,
    { details: { thread_id: threadId, checkpoint_id: checkpointId } },
  );
}
