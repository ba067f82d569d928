import { approvalColumns, type ApprovalRow } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

/** These questions, what they mirror and what mirrors them, locked in id order so that two deciders cannot wait for each other. */
export function lockMirrored(sql: Sql, ids: readonly string[]): Promise<ApprovalRow[]> {
  return sql<ApprovalRow[]>`
    select ${approvalColumns(sql)} from approvals a
    where a.id = any(${[...ids]}::uuid[]) or a.mirror_of = any(${[...ids]}::uuid[])
      or a.id in (select m.mirror_of from approvals m where m.id = any(${[...ids]}::uuid[]))
    order by a.id for update of a`;
}
