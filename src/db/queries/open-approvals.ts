import { approvalColumns, type ApprovalRow } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

/** Questions of a thread that are pending, and those that this run carries the answer of; locked in id order. */
export function openApprovals(sql: Sql, input: { threadId: string; runId: string | null }): Promise<ApprovalRow[]> {
  return sql<ApprovalRow[]>`
    select ${approvalColumns(sql)} from approvals a
    where (a.thread_id = ${input.threadId} and a.state = 'pending') or (a.resume_run_id = ${input.runId} and a.state = 'resuming')
    order by a.id for update of a`;
}
