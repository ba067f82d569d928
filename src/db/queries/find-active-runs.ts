import type { Sql } from "./sql.ts";

/** An owner's runs that are not over, for cancelling many. */
export function findActiveRuns(
  sql: Sql,
  input: { owner: string; threadId?: string; runIds?: string[]; status: "pending" | "running" | "all" },
): Promise<{ run_id: string; thread_id: string }[]> {
  return sql<{ run_id: string; thread_id: string }[]>`
    select run_id, thread_id from runs
    where owner = ${input.owner} and status in ('pending', 'running') ${input.status === "all" ? sql`` : sql`and status = ${input.status}`}
      ${input.threadId === undefined ? sql`` : sql`and thread_id = ${input.threadId}`}
      ${input.runIds === undefined ? sql`` : sql`and run_id = any(${input.runIds}::uuid[])`}
    order by sequence limit 1000`;
}
