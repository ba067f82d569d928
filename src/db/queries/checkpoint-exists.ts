import type { Sql } from "./sql.ts";

/** Whether a thread holds this checkpoint; `checkpointNs` is empty for the root graph. */
export async function checkpointExists(sql: Sql, at: { threadId: string; checkpointNs: string; checkpointId: string }): Promise<boolean> {
  const rows = await sql`
    select 1 from checkpoints where thread_id = ${at.threadId} and checkpoint_ns = ${at.checkpointNs} and checkpoint_id = ${at.checkpointId}`;
  return rows.length > 0;
}
