import type { Sql } from "./sql.ts";

/**
 * Forgets the answers that were given to the questions of one checkpoint. LangGraph gives stored answers before new ones, so a resume at an
 * older checkpoint would repeat the first answer and drop the one that it carries.
 */
export async function forgetAnswers(sql: Sql, at: { threadId: string; checkpointNs: string; checkpointId: string }): Promise<void> {
  await sql`
    delete from checkpoint_writes
    where thread_id = ${at.threadId} and checkpoint_ns = ${at.checkpointNs} and checkpoint_id = ${at.checkpointId} and channel = '__resume__'`;
}
