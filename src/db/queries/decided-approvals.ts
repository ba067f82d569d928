import type { ApprovalKind } from "#ports/approvals.ts";
import { approvalColumns, type ApprovalRow } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

/**
 * What was decided about questions that one graph asked on one thread, the newest decision first. A decision counts from the moment that it is
 * claimed; one whose time ran out is none, and a mirror is somebody else's question. Who asked is not looked at: on a thread that a project's
 * rules share, one person's run asks and another's carries the answer.
 */
export function decidedApprovals(
  sql: Sql,
  input: { threadId: string; agent: string; kind: ApprovalKind; ids: readonly string[] | null },
): Promise<ApprovalRow[]> {
  return sql<ApprovalRow[]>`
    select ${approvalColumns(sql)} from approvals a
    where a.thread_id = ${input.threadId} and a.agent = ${input.agent} and a.kind = ${input.kind}
      and a.state in ('resuming', 'done') and a.decision is not null and a.mirror_of is null
      and (${input.ids === null} or a.id = any(${[...(input.ids ?? [])]}::uuid[]))
    order by a.decided_at desc, a.id limit 200`;
}
