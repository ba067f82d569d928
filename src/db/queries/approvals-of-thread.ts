import { approvalColumns, type ApprovalRow } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

/** Every question of a thread, the newest first. */
export function approvalsOfThread(sql: Sql, threadId: string): Promise<ApprovalRow[]> {
  return sql<ApprovalRow[]>`select ${approvalColumns(sql)} from approvals a where a.thread_id = ${threadId} order by a.created_at desc, a.id limit 200`;
}
