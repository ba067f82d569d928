import type { RunStatus } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

export type ChildRow = ThreadRow & { run_id: string | null; run_status: RunStatus | null; run_error: { error: string; message: string } | null };

/** Threads that a parent's graph started, the oldest first, with the latest run of each. */
export function findChildren(sql: Sql, input: { parentThreadId: string; branch?: string; call?: string }): Promise<ChildRow[]> {
  return sql<ChildRow[]>`
    select ${threadColumns(sql)}, last.run_id, last.status as run_status, last.error as run_error
    from threads t left join lateral (select run_id, status, error from runs where runs.thread_id = t.thread_id order by sequence desc limit 1) last on true
    where t.parent_thread_id = ${input.parentThreadId}
      ${input.branch === undefined ? sql`` : sql`and t.parent_branch = ${input.branch}`}
      ${input.call === undefined ? sql`` : sql`and t.parent_call = ${input.call}`}
    order by t.created_at, t.thread_id`;
}
