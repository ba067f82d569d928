import type { ApprovalKind, ApprovalState, Decision } from "#ports/approvals.ts";
import type { Sql } from "./sql.ts";

export interface ApprovalRow {
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
  state: ApprovalState;
  decision: Decision | null;
  decided_by: string | null;
  decided_at: Date | null;
  resume_run_id: string | null;
  created_at: Date;
}

export const approvalColumns = (sql: Sql) => sql`
  a.id, a.thread_id, a.run_id, a.interrupt_id, a.position, a.mirror_of, a.owner, a.branch, a.kind, a.action, a.args, a.description, a.payload, a.digest, a.risk,
  a.state, a.decision, a.decided_by, a.decided_at, a.resume_run_id, a.created_at`;
