import type { ApprovalKind } from "./approvals.ts";

export type PolicyEffect = "allow" | "ask" | "deny";
export type Risk = "low" | "medium" | "high";
/** What becomes of a question that nobody answers in time. Never an approval. */
export type OnExpire = "reject" | "remind" | "escalate" | "park";

/** A condition on one argument. `path` leads into the arguments, from the outside in. */
export interface ArgumentPredicate {
  path: string[];
  operator: "equals" | "not_equals" | "in" | "not_in" | "less" | "at_most" | "greater" | "at_least" | "like" | "not_like" | "contains" | "exists" | "missing";
  value?: unknown;
}

/** What a rule is about, and what it says. Absent conditions hold for everything. */
export interface PolicyRule {
  /** `kind:action:target`, each with `*` for any text; what is left out at the end is `*`. */
  pattern: string;
  project_id?: string | undefined;
  /** Owner of the thread that asks; with `*`. */
  user?: string | undefined;
  /** Graph that asks; with `*`. */
  agent?: string | undefined;
  /** Action of a question of kind `tool`; with `*`. */
  tool?: string | undefined;
  /** All of them must hold. */
  arguments?: ArgumentPredicate[] | undefined;
  effect: PolicyEffect;
  /** An administrator's deny is final, however specific another rule is. */
  authority: "administrator" | "owner";
  /** The highest risk that an `allow` lets pass; above it, it asks. */
  max_risk?: Risk | undefined;
  /** Null: never expires. Absent: what the kind has by default. */
  timeout_seconds?: number | null | undefined;
  /** How long before the expiry it is told. */
  warn_seconds?: number | undefined;
  on_expire?: OnExpire | undefined;
  /** Who is asked next, for `escalate`. */
  escalate_to?: string | undefined;
  assignee?: string | undefined;
  /** That many rejections of the same thing on a thread reject it from then on; null: never. */
  max_rejections?: number | null | undefined;
}

export interface Policy {
  id: string;
  name: string;
  enabled: boolean;
  position: number;
  rule: PolicyRule;
  /** Part of Slipway: it yields to a rule of yours that is as specific. */
  builtin: boolean;
  created_by: string | null;
  updated_by: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** What a rule is held against. */
export interface PolicyFacts {
  kind: ApprovalKind;
  action: string;
  target: string;
  args: Record<string, unknown>;
  risk: Risk;
  project: string | null;
  user: string;
  agent: string | null;
}

/** The part of a policy that counts when one is chosen. */
export type PolicyChoice = Pick<Policy, "id" | "name" | "position" | "rule" | "builtin">;

/** The rule that was asked about a question, as it was then. */
export interface PolicyNote {
  id: string;
  name: string;
  effect: PolicyEffect;
}

export interface DryRunItem {
  approval_id: string;
  thread_id: string;
  kind: ApprovalKind;
  action: string;
  target: string;
  risk: Risk;
  asked_at: string;
  /** What happened: a decision's type, or the state of what was never decided. */
  happened: string;
  decided_by: string | null;
  would: PolicyNote;
}

export interface DryRun {
  since: string;
  considered: number;
  /** There were more than are considered at once; the newest were. */
  truncated: boolean;
  by_effect: Record<PolicyEffect, number>;
  by_rule: { id: string; name: string; effect: PolicyEffect; questions: number }[];
  /** Would have been allowed and was rejected, or would have been denied and was approved. */
  disagreements: number;
  /** The first of those that would have been decided without a person. */
  items: DryRunItem[];
}
