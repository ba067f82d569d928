import type { Decision } from "#ports/approvals.ts";
import type { Sql } from "./sql.ts";

export interface ApprovalClaim {
  id: string;
  decision: Decision;
  decidedBy: string;
  /** The run that carries the answer into the graph. */
  resumeRunId: string;
}

/**
 * Takes one pending question for one decision. False when somebody else was faster.
 * `from`: a mirror's decision reserved the original with its own run, which may now be handed on to the original's run.
 */
export async function claimApproval(sql: Sql, claim: ApprovalClaim, from: string | null = null): Promise<boolean> {
  const rows = await sql`
    update approvals set state = 'resuming', decision = ${JSON.stringify(claim.decision)}, decided_by = ${claim.decidedBy}, decided_at = now(),
      resume_run_id = ${claim.resumeRunId}, updated_at = now()
    where id = ${claim.id} and (state = 'pending' or (state = 'resuming' and resume_run_id = ${from}::uuid)) returning id`;
  return rows.length > 0;
}
