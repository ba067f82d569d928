import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** A thread within reach; null when there is none, or it is somebody else's. */
export async function findThread(sql: Sql, threadId: string, reach: Reach): Promise<ThreadRow | null> {
  const rows = await sql<ThreadRow[]>`select ${threadColumns(sql)} from threads t where t.thread_id = ${threadId} and ${threadWithin(sql, reach)}`;
  return rows[0] ?? null;
}
