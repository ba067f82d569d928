import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** One owner's thread; null when there is none, or it is somebody else's. */
export async function findThread(sql: Sql, threadId: string, owner: string): Promise<ThreadRow | null> {
  const rows = await sql<ThreadRow[]>`select ${threadColumns(sql)} from threads t where t.thread_id = ${threadId} and t.owner = ${owner}`;
  return rows[0] ?? null;
}
