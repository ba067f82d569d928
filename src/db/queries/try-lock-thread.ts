import type { Sql } from "./sql.ts";

/**
 * Takes the lock of `lockThread` if it is free, and says whether. For who holds another row already: waiting for a thread then could close a
 * circle with who deletes the thread.
 */
export async function tryLockThread(sql: Sql, threadId: string): Promise<boolean> {
  const rows = await sql`select 1 from threads t where t.thread_id = ${threadId} for no key update of t skip locked`;
  return rows.length > 0;
}
