import type { ApprovalKind, Decision, DecisionVia } from "./approvals.ts";
import type { PolicyEffect, Risk } from "./policies.ts";

/** A decision as the inbox keeps it. The state of a graph can be edited by hand; this is only written when a question is decided. */
export interface RecordedDecision {
  approvalId: string;
  kind: ApprovalKind;
  action: string;
  /** The line of history that it was given on. */
  branch: string;
  /** Digest of what it was about. */
  digest: string | null;
  /** What was shown. */
  args: Record<string, unknown>;
  evidence: { kind: string; ref: string }[];
  decision: Decision;
  decidedBy: string;
  via: DecisionVia;
}

/** A call of a tool, before it is made. */
export interface WantedToolCall {
  callId: string;
  tool: string;
  args: Record<string, unknown>;
  projectId: string | null;
  risk: Risk;
  /** What holds for this tool where no rule speaks. */
  usual: Extract<PolicyEffect, "allow" | "ask">;
}

/** What the rules say about a call. */
export interface ToolCallRuling {
  effect: PolicyEffect;
  /** Name of the rule, for people and for the model; null: no rule spoke, and the tool is used as usual. */
  rule: string | null;
  ruleId: string | null;
}

/** What an effect rests on: decisions on record, and rules. Of this run's thread and graph only. */
export interface DecisionsPort {
  /** The newest decision on one of these questions, as it was asked on this run's line of history; null: none is on record. */
  find(kind: ApprovalKind, approvalIds: readonly string[]): Promise<RecordedDecision | null>;
  /** Every decision of a kind on this thread, on any line of history, the newest first. */
  all(kind: ApprovalKind): Promise<RecordedDecision[]>;
  /** In the order of the calls. */
  rulesOn(calls: readonly WantedToolCall[]): Promise<ToolCallRuling[]>;
  /** Writes into the audit log what rules settled without a person: what they refused, and what they let pass that is usually asked about. */
  tellRuled(ruled: readonly (WantedToolCall & ToolCallRuling)[]): Promise<void>;
}
