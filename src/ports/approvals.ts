export type ApprovalKind = "plan" | "tool" | "deploy" | "secret" | "budget" | "question" | "escalation";
export type ApprovalState = "pending" | "resuming" | "done" | "expired" | "superseded";
export type DecisionType = "approve" | "edit" | "reject" | "respond";

/** A person's answer after every known reply shape was read into one; see `protocol/approval-reply.ts`. */
export interface Decision {
  type: DecisionType;
  /** The reason of a reject, the text of a respond, or a remark with any other. */
  message: string | null;
  /** The changed arguments of an edit, else null. */
  args: Record<string, unknown> | null;
}

/** A row of the approvals view: one interrupt, one action. */
export interface Approval {
  id: string;
  threadId: string;
  runId: string;
  interruptId: string;
  kind: ApprovalKind;
  action: string;
  args: Record<string, unknown>;
  description: string;
  digest: string | null;
  risk: "low" | "medium" | "high";
  /** What the interrupt showed, as it was: a mirror shows the same choices, schema and evidence. */
  payload: unknown;
  state: ApprovalState;
  decision: Decision | null;
  decidedBy: string | null;
  decidedAt: string | null;
  createdAt: string;
}

export interface ApprovalsPort {
  /** Pending approvals of the threads that were started from this run's thread, oldest first. */
  pendingOfTeams(): Promise<Approval[]>;
  /**
   * Decides an approval of a team started from this thread: claims the row and starts the team's resume run. Repeated by the same run:
   * the same answer. Decided by somebody else meanwhile: `already_decided` with who and when.
   */
  decideForTeam(approvalId: string, decision: Decision): Promise<Approval>;
}
