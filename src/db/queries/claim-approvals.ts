import type { Decision, DecisionVia } from "#ports/approvals.ts";
import type { Sql } from "./sql.ts";

export interface ApprovalClaim {
  id: string;
  decision: Decision;
  decidedBy: string;
  via: DecisionVia;
  /** The run that carries the answer into the graph. */
  resumeRunId: string;
}

/**
 * Takes one pending question for one decision. False when somebody else was faster.
 * `from`: a mirror's decision reserved the original with its own run, which may now be handed on to the original's run; who decided stays.
 */
export async function claimApproval(sql: Sql, claim: ApprovalClaim, from: string | null = null): Promise<boolean> {
  const rows = await sql`
    update approvals set state = 'resuming', decision = ${JSON.stringify(claim.decision)}, decided_at = now(),
      decided_by = case when state = 'pending' then ${claim.decidedBy} else decided_by end,
      decided_via = case when state = 'pending' then ${claim.via} else decided_via end,
      verdict = case when ${claim.via} in ('policy', 'expiry') then verdict end,
      attempts = attempts + case when ${claim.via} in ('policy', 'expiry') then 1 else 0 end,
      resume_run_id = ${claim.resumeRunId}, updated_at = now()
    where id = ${claim.id} and (state = 'pending' or (state = 'resuming' and resume_run_id = ${from}::uuid)) returning id`;
  return rows.length > 0;
}
