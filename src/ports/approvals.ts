import type { OnExpire, PolicyNote } from "./policies.ts";

export type ApprovalKind = "plan" | "tool" | "deploy" | "secret" | "budget" | "question" | "escalation";
export type ApprovalState = "pending" | "resuming" | "done" | "expired" | "superseded";
export type DecisionType = "approve" | "edit" | "reject" | "respond";

/** How a decision came: over our routes, with a run of the LangGraph API, by a rule, or because nobody answered in time. */
export type DecisionVia = "api" | "resume" | "policy" | "expiry";

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

/** The same with what only the inbox tells. */
export interface InboxApproval extends Approval {
  /** Null for a question whose graph is not known any more. */
  agent: string | null;
  projectId: string | null;
  target: string;
  evidence: { kind: string; ref: string }[];
  assignee: string | null;
  /** The question of a team's thread that this one shows in its parent. */
  mirrorOf: string | null;
  decidedVia: DecisionVia | null;
  /** The rule that was asked about it. */
  policy: PolicyNote | null;
  /** When nobody waits any longer, and what happens then; null: it does not expire. */
  expiresAt: string | null;
  onExpire: OnExpire | null;
  /** Since when nobody is reminded of it. */
  parkedAt: string | null;
}

/** One thing that happened to a question. */
export interface ApprovalChange {
  at: string;
  /** `asked`, `decided`, `reopened`, `done`, `expired`, `superseded`, `assigned`, `warned`, `reminded`, `escalated`, `parked`, `not_carried_out`. */
  event: string;
  from: ApprovalState | null;
  to: ApprovalState | null;
  /** Who; null for what the runtime found by itself. */
  by: string | null;
  via: DecisionVia | null;
  runId: string | null;
  decision: Decision | null;
  /** The rule that decided. */
  policy: PolicyNote | null;
  note: string | null;
}

export interface ApprovalFigures {
  asked: number;
  pending: number;
  decided: number;
  approved: number;
  edited: number;
  rejected: number;
  responded: number;
  /** Of those decided, by a rule instead of a person. */
  byPolicy: number;
  expired: number;
  superseded: number;
  /** Approvals and edits among people's approvals, edits and rejections; null: there were none. */
  approvalRate: number | null;
  /** Expired among those that were decided or expired; null: there were none. */
  timeoutRate: number | null;
  /** From question to a person's decision; null: there were none. */
  responseSeconds: { p50: number; p90: number; p99: number } | null;
}

export interface ApprovalMetrics {
  since: string;
  total: ApprovalFigures;
  byKind: Partial<Record<ApprovalKind, ApprovalFigures>>;
}

/** What became of one row of a batch. */
export type BatchResult =
  | { id: string; ok: true; approval: InboxApproval }
  | { id: string; ok: false; error: { code: string; message: string; details: Record<string, unknown> } };

export interface ApprovalsPort {
  /** Pending approvals of the threads that were started from this run's thread, oldest first. */
  pendingOfTeams(): Promise<Approval[]>;
  /**
   * Decides an approval of a team started from this thread: claims the row and starts the team's resume run. Repeated by the same run:
   * the same answer. Decided by somebody else meanwhile: `already_decided` with who and when.
   */
  decideForTeam(approvalId: string, decision: Decision): Promise<Approval>;
}
