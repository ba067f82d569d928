import type { ApprovalChange, ApprovalMetrics, BatchResult, Decision, InboxApproval } from "../approvals.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";

/** The inbox: what graphs ask people, and what was answered. */
export interface ApprovalsService {
  /** The newest first. */
  list(caller: Caller, input: Page & ApprovalsFilter): Promise<{ items: InboxApproval[]; total: number }>;
  get(caller: Caller, approvalId: string): Promise<InboxApproval>;
  /** Decides and starts the resume run. Already decided: `already_decided` with who and when. */
  decide(caller: Caller, approvalId: string, decision: Decision | unknown): Promise<InboxApproval>;
  /** One by one, each with its own outcome. `invalid_request` when any two are not alike, or one deserves a look of its own. */
  decideMany(caller: Caller, input: { approval_ids: string[]; decision: unknown }): Promise<{ results: BatchResult[] }>;
  /** Null: back to everybody. */
  assign(caller: Caller, approvalId: string, assignee: string | null): Promise<InboxApproval>;
  /** The oldest first. */
  history(caller: Caller, approvalId: string, page: Page): Promise<{ items: ApprovalChange[]; total: number }>;
  /** Over what was asked in the last days, without mirrors. */
  metrics(caller: Caller, input: { days: number }): Promise<ApprovalMetrics>;
}

interface ApprovalsFilter {
  state?: string;
  kind?: string;
  risk?: string;
  project_id?: string;
  thread_id?: string;
  assignee?: string;
  agent?: string;
  /** Also what shows a team's question once more; absent: only where a `thread_id` is given. */
  mirrors?: boolean;
}
