import type { Sql } from "./sql.ts";

/** Deletes the rows of threads with their runs, questions, wake-ups and crons. */
export async function deleteThreadRows(sql: Sql, threadIds: readonly string[]): Promise<void> {
  await sql`delete from threads where thread_id = any(${[...threadIds]}::uuid[])`;
}
