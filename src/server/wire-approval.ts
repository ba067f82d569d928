import type { ApprovalChange, BatchResult, InboxApproval } from "#ports/approvals.ts";
import type { ApprovalAnswer, ApprovalChangeAnswer, BatchAnswer } from "#protocol/approvals.ts";

/** A question as clients see it. Its `payload`, `args` and `decision` are as they were asked and answered. */
export function wireApproval(approval: InboxApproval): ApprovalAnswer {
  return {
    id: approval.id,
    thread_id: approval.threadId,
    run_id: approval.runId,
    interrupt_id: approval.interruptId,
    kind: approval.kind,
    action: approval.action,
    args: approval.args,
    description: approval.description,
    digest: approval.digest,
    risk: approval.risk,
    payload: approval.payload,
    state: approval.state,
    decision: approval.decision,
    decided_by: approval.decidedBy,
    decided_at: approval.decidedAt,
    created_at: approval.createdAt,
    agent: approval.agent,
    project_id: approval.projectId,
    target: approval.target,
    evidence: approval.evidence,
    assignee: approval.assignee,
    mirror_of: approval.mirrorOf,
    decided_via: approval.decidedVia,
    policy: approval.policy,
    expires_at: approval.expiresAt,
    on_expire: approval.onExpire,
    parked_at: approval.parkedAt,
  };
}

/** What became of each row of a batch, as clients see it. */
export function wireBatch(results: readonly BatchResult[]): BatchAnswer {
  return { results: results.map((result) => (result.ok ? { ...result, approval: wireApproval(result.approval) } : result)) };
}

/** One thing that happened to a question, as clients see it. */
export function wireApprovalChange({ runId, ...change }: ApprovalChange): ApprovalChangeAnswer {
  return { ...change, run_id: runId };
}
