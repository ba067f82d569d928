import { type RunRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";

/** Runs of a thread, the newest first, with how many there are without the page. */
export async function listRuns(
  sql: Sql,
  input: { threadId: string; status?: string; limit: number; offset: number },
): Promise<{ rows: RunRow[]; total: number }> {
  const rows = await sql<(RunRow & { total: number })[]>`
    select ${runColumns(sql)}, count(*) over ()::int as total from runs r
    where r.thread_id = ${input.threadId} ${input.status === undefined ? sql`` : sql`and r.status = ${input.status}`}
    order by r.sequence desc limit ${input.limit} offset ${input.offset}`;
  // behind the last page there is no row to tell it
  if (rows.length === 0 && input.offset > 0) return { rows, total: (await listRuns(sql, { ...input, limit: 1, offset: 0 })).total };
  return { rows, total: rows[0]?.total ?? 0 };
}
