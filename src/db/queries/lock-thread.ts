import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** Without its state, which may be large and is of no use to whoever changes the row. */
export type LockedThread = Omit<ThreadRow, "values">;

/**
 * The thread's row under lock. Every transaction that touches runs of a thread takes this lock first (thread before run, always), and reads
 * what depends on it in a later statement, because this one may have waited and sees what stood before. `no key`: a row elsewhere that only
 * refers to the thread (an outbox row of its child) need not wait, which could close a circle.
 */
export async function lockThread(sql: Sql, threadId: string): Promise<LockedThread | null> {
  const rows = await sql<LockedThread[]>`select ${threadColumns(sql, { values: false })} from threads t where t.thread_id = ${threadId} for no key update of t`;
  return rows[0] ?? null;
}
