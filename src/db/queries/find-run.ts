import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import { type RunRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";

/** A run on a thread within reach: who may see a thread sees its runs. `threadId` null: whatever thread it is on. */
export async function findRun(sql: Sql, input: { runId: string; threadId: string | null; owner: Reach }): Promise<RunRow | null> {
  const rows = await sql<RunRow[]>`
    select ${runColumns(sql)} from runs r join threads t on t.thread_id = r.thread_id
    where r.run_id = ${input.runId} and ${threadWithin(sql, input.owner)} and (${input.threadId}::uuid is null or r.thread_id = ${input.threadId}::uuid)`;
  return rows[0] ?? null;
}
