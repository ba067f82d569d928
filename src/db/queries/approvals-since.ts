import type { Reach } from "#ports/access.ts";
import { approvalColumns, type ApprovalRow } from "./approval-row.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/** Questions that were asked since a time, the newest first, without mirrors. */
export function approvalsSince(sql: Sql, input: { reach: Reach; since: Date; limit: number }): Promise<ApprovalRow[]> {
  return sql<ApprovalRow[]>`
    select ${approvalColumns(sql)} from approvals a join threads t on t.thread_id = a.thread_id
    where ${threadWithin(sql, input.reach)} and a.mirror_of is null and a.created_at >= ${input.since}
    order by a.created_at desc, a.id limit ${input.limit}`;
}
