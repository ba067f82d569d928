import type { Sql } from "./sql.ts";

/** Deletes a thread's row with its runs and questions. */
export async function deleteThreadRow(sql: Sql, threadId: string): Promise<boolean> {
  const rows = await sql`delete from threads where thread_id = ${threadId} returning thread_id`;
  return rows.length > 0;
}
