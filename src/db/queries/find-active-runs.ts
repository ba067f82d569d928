import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/** Runs within reach that are not over, for cancelling many. */
export function findActiveRuns(
  sql: Sql,
  input: { owner: Reach; threadId?: string; runIds?: string[]; status: "pending" | "running" | "all" },
): Promise<{ run_id: string; thread_id: string }[]> {
  return sql<{ run_id: string; thread_id: string }[]>`
    select r.run_id, r.thread_id from runs r join threads t on t.thread_id = r.thread_id
    where ${threadWithin(sql, input.owner)} and r.status in ('pending', 'running') ${input.status === "all" ? sql`` : sql`and r.status = ${input.status}`}
      ${input.threadId === undefined ? sql`` : sql`and r.thread_id = ${input.threadId}`}
      ${input.runIds === undefined ? sql`` : sql`and r.run_id = any(${input.runIds}::uuid[])`}
    order by r.sequence limit 1000`;
}
