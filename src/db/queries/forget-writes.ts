import type { Sql } from "./sql.ts";

/** Forgets what nodes stored at a checkpoint besides their questions: answers they were given, and what they made of them. */
export async function forgetWrites(sql: Sql, at: { threadId: string; checkpointId: string }): Promise<void> {
  await sql`delete from checkpoint_writes where thread_id = ${at.threadId} and checkpoint_id = ${at.checkpointId} and channel <> '__interrupt__'`;
}
