import { type RunRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";

/** One owner's run. `threadId` null: whatever thread it is on. */
export async function findRun(sql: Sql, input: { runId: string; threadId: string | null; owner: string }): Promise<RunRow | null> {
  const rows = await sql<RunRow[]>`
    select ${runColumns(sql)} from runs r
    where r.run_id = ${input.runId} and r.owner = ${input.owner} and (${input.threadId}::uuid is null or r.thread_id = ${input.threadId}::uuid)`;
  return rows[0] ?? null;
}
