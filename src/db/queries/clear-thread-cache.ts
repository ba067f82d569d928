import type { Sql } from "./sql.ts";

/** Takes back what a thread's row says of its state, whose checkpoint is gone. The caller holds the row lock. */
export async function clearThreadCache(sql: Sql, threadId: string): Promise<void> {
  await sql`update threads set "values" = null, values_at_head = false, interrupts = '{}', error = null, status = 'idle', resting = 'idle', updated_at = now() where thread_id = ${threadId}`;
}
