import type { Sql } from "./sql.ts";

/** A paused thread that nobody will answer: it rests, and asks nothing. The caller holds the row lock. */
export async function forgetQuestions(sql: Sql, threadId: string): Promise<void> {
  await sql`update threads set interrupts = '{}', error = null, resting = 'idle', updated_at = now() where thread_id = ${threadId}`;
}
