import { createHash } from "node:crypto";
import { v5 as uuidv5 } from "uuid";
import { z } from "zod";
import type { ApprovalKind, DecisionType } from "#ports/approvals.ts";

/**
 * What an ask-node hands to `interrupt()`: one action, in the superset of the shapes that agent-inbox, agent-chat-ui, Studio and
 * `useStream` render (snake_case and camelCase HITL requests and the older HumanInterrupt), plus `x`, which is ours.
 */
export const ApprovalExtension = z.object({
  v: z.literal(1),
  kind: z.enum(["plan", "tool", "deploy", "secret", "budget", "question", "escalation"]),
  approval_id: z.uuid(),
  branch: z.string(),
  action_digest: z.string().nullable(),
  risk: z.enum(["low", "medium", "high"]),
  expires_at: z.string().nullable(),
  evidence: z.array(z.object({ kind: z.string(), ref: z.string() })),
  /** Set when a parent's thread shows an approval of a child's thread. */
  mirror_of: z.uuid().nullable(),
  /** Project whose secret store takes the values of a `secret` answer. */
  project_id: z.uuid().nullable(),
  /** What the action is done to, for policies; else it is looked for in the arguments. */
  target: z.string().optional(),
  assignee: z.string().nullish(),
});
export type ApprovalExtension = z.infer<typeof ApprovalExtension>;

export interface ApprovalPayload {
  action_requests: { name: string; args: Record<string, unknown>; arguments: Record<string, unknown>; description: string }[];
  review_configs: { action_name: string; allowed_decisions: DecisionType[]; args_schema?: unknown }[];
  actionRequests: { name: string; args: Record<string, unknown>; description: string }[];
  reviewConfigs: { actionName: string; allowedDecisions: DecisionType[]; argsSchema?: unknown }[];
  action_request: { action: string; args: Record<string, unknown> };
  config: { allow_ignore: boolean; allow_respond: boolean; allow_edit: boolean; allow_accept: boolean };
  description: string;
  x: ApprovalExtension;
}

export interface ApprovalRequest {
  kind: ApprovalKind;
  /** Verb of what will happen, e.g. `approve_plan`, `deploy`, `provide_secrets`. */
  action: string;
  /** JSON-safe; what is shown and, for an edit, what may be changed. */
  args: Record<string, unknown>;
  /** Markdown a person reads. */
  description: string;
  allowed: DecisionType[];
  risk: "low" | "medium" | "high";
  /** Digest of everything the decision rests on, when it must be void once that moves. */
  digest: string | null;
  evidence?: { kind: string; ref: string }[];
  argsSchema?: unknown;
  /** Who asks: thread, branch, and whatever makes this question different from an earlier one of the same node (e.g. the round). */
  identity: { threadId: string; branch: string; occasion: string };
  mirrorOf?: string;
  projectId?: string;
}

const APPROVAL_NAMESPACE = "5b0a4a5e-6d0c-4a53-9c0e-2f6d6b1d7a10";

/** Stable over re-runs of the asking node, different on another branch or occasion. */
export function approvalId(identity: ApprovalRequest["identity"], kind: ApprovalKind, digest: string | null): string {
  return uuidv5([identity.threadId, identity.branch, identity.occasion, kind, digest ?? ""].join("\n"), APPROVAL_NAMESPACE);
}

/** sha256 of the canonical JSON (sorted keys) of what a decision rests on. */
export function digestOf(facts: unknown): string {
  const canonical = JSON.stringify(facts, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(canonical).digest("hex");
}

/** Builds the payload for `interrupt()`. Pure: the same request gives the same payload. */
export function approvalPayload(request: ApprovalRequest): ApprovalPayload {
  const { action, args, description, allowed, argsSchema } = request;
  const schema = argsSchema === undefined ? {} : { args_schema: argsSchema };
  const camelSchema = argsSchema === undefined ? {} : { argsSchema };
  return {
    action_requests: [{ name: action, args, arguments: args, description }],
    review_configs: [{ action_name: action, allowed_decisions: allowed, ...schema }],
    actionRequests: [{ name: action, args, description }],
    reviewConfigs: [{ actionName: action, allowedDecisions: allowed, ...camelSchema }],
    action_request: { action, args },
    config: {
      allow_ignore: allowed.includes("reject"),
      allow_respond: allowed.includes("respond") || allowed.includes("reject"),
      allow_edit: allowed.includes("edit"),
      allow_accept: allowed.includes("approve"),
    },
    description,
    x: {
      v: 1,
      kind: request.kind,
      approval_id: approvalId(request.identity, request.kind, request.digest),
      branch: request.identity.branch,
      action_digest: request.digest,
      risk: request.risk,
      expires_at: null,
      evidence: request.evidence ?? [],
      mirror_of: request.mirrorOf ?? null,
      project_id: request.projectId ?? null,
    },
  };
}
