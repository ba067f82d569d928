import type { ApprovalState, Decision, DecisionVia } from "#ports/approvals.ts";
import type { StoredRuling } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

export interface ApprovalChangeRow {
  at: Date;
  event: string;
  from_state: ApprovalState | null;
  to_state: ApprovalState | null;
  actor: string | null;
  via: DecisionVia | null;
  run_id: string | null;
  decision: Decision | null;
  policy: StoredRuling | null;
  note: string | null;
}

/** What happened to a question, the oldest first. */
export async function approvalChanges(
  sql: Sql,
  approvalId: string,
  page: { limit: number; offset: number },
): Promise<{ rows: ApprovalChangeRow[]; total: number }> {
  const [rows, [count]] = await Promise.all([
    sql<ApprovalChangeRow[]>`
      select at, event, from_state, to_state, actor, via, run_id, decision, policy, note from approval_history
      where approval_id = ${approvalId} order by sequence limit ${page.limit} offset ${page.offset}`,
    sql<{ total: number }[]>`select count(*)::int as total from approval_history where approval_id = ${approvalId}`,
  ]);
  return { rows, total: count?.total ?? 0 };
}
