import type { ApprovalKind, ApprovalState, Decision, DecisionVia } from "#ports/approvals.ts";
import type { OnExpire } from "#ports/policies.ts";
import type { Sql } from "./sql.ts";

/** What is known of a question when it is asked. */
export interface AskedApproval {
  id: string;
  thread_id: string;
  run_id: string;
  interrupt_id: string;
  position: number;
  mirror_of: string | null;
  owner: string;
  branch: string;
  kind: ApprovalKind;
  action: string;
  args: Record<string, unknown>;
  description: string;
  payload: unknown;
  digest: string | null;
  risk: "low" | "medium" | "high";
  project_id: string | null;
  agent: string | null;
  target: string;
  evidence: { kind: string; ref: string }[];
  assignee: string | null;
}

/** What a rule decided by itself, to be carried out. */
export interface Verdict {
  decision: Decision;
  via: Extract<DecisionVia, "policy" | "expiry">;
}

/** The rule that was asked, and what of it counts later. */
export interface StoredRuling {
  id: string;
  name: string;
  effect: "allow" | "ask" | "deny";
  timeout_seconds: number | null;
  warn_seconds: number;
  escalate_to: string | null;
  /** How often it was reminded of. */
  reminders: number;
}

export interface ApprovalRow extends AskedApproval {
  state: ApprovalState;
  decision: Decision | null;
  decided_by: string | null;
  decided_at: Date | null;
  decided_via: DecisionVia | null;
  policy: StoredRuling | null;
  verdict: Verdict | null;
  attempts: number;
  expires_at: Date | null;
  on_expire: OnExpire | null;
  parked_at: Date | null;
  resume_run_id: string | null;
  created_at: Date;
}

export const approvalColumns = (sql: Sql) => sql`
  a.id, a.thread_id, a.run_id, a.interrupt_id, a.position, a.mirror_of, a.owner, a.branch, a.kind, a.action, a.args, a.description, a.payload, a.digest, a.risk,
  a.project_id, a.agent, a.target, a.evidence, a.assignee, a.state, a.decision, a.decided_by, a.decided_at, a.decided_via, a.policy, a.verdict, a.attempts, a.expires_at,
  a.on_expire, a.parked_at, a.resume_run_id, a.created_at`;
