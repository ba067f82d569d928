import { z } from "zod";
import type { ApprovalChange, ApprovalFigures, ApprovalMetrics, BatchResult, Decision, InboxApproval } from "#ports/approvals.ts";
import { Id, JsonRecord, maybe, PageFields, present } from "./fields.ts";

const State = z.enum(["pending", "resuming", "done", "expired", "superseded"]);
const Kind = z.enum(["plan", "tool", "deploy", "secret", "budget", "question", "escalation"]);
const Risk = z.enum(["low", "medium", "high"]);
const Via = z.enum(["api", "resume", "policy", "expiry"]);
const Policy = z.object({ id: z.string(), name: z.string(), effect: z.enum(["allow", "ask", "deny"]) });
const DecisionType = z.enum(["approve", "edit", "reject", "respond"]);

export const ApprovalPath = z.object({ approval_id: Id });

export const ApprovalsQuery = z
  .object({
    ...PageFields,
    state: maybe(State),
    kind: maybe(Kind),
    risk: maybe(Risk),
    project_id: maybe(Id),
    thread_id: maybe(Id),
    assignee: maybe(z.string().min(1).max(500)),
    agent: maybe(z.string().min(1).max(500)),
  })
  .transform(present);

/** The plainest of the shapes in which a decision may come; the others are in `approval-reply.ts`. */
export const DecisionBody = z
  .object({ type: DecisionType, message: z.string().nullish(), args: JsonRecord.nullish() })
  .meta({ id: "Decision", description: "What a person decided. `args` are the changed arguments of an edit." });

const DecisionAnswer: z.ZodType<Decision> = z.object({ type: DecisionType, message: z.string().nullable(), args: JsonRecord.nullable() });

export const ApprovalAnswer: z.ZodType<InboxApproval> = z
  .object({
    id: z.string(),
    threadId: z.string(),
    runId: z.string(),
    interruptId: z.string(),
    kind: Kind,
    action: z.string(),
    args: JsonRecord,
    description: z.string(),
    digest: z.string().nullable(),
    risk: Risk,
    payload: z.unknown(),
    state: State,
    decision: DecisionAnswer.nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
    createdAt: z.string(),
    agent: z.string().nullable(),
    projectId: z.string().nullable(),
    target: z.string(),
    evidence: z.array(z.object({ kind: z.string(), ref: z.string() })),
    assignee: z.string().nullable(),
    mirrorOf: z.string().nullable(),
    decidedVia: Via.nullable(),
    policy: Policy.nullable(),
    expiresAt: z.string().nullable(),
    onExpire: z.enum(["reject", "remind", "escalate", "park"]).nullable(),
    parkedAt: z.string().nullable(),
  })
  .meta({ id: "Approval", description: "A question to a person: one interrupt, one action." });

export const AssignApproval = z.strictObject({ assignee: z.string().trim().min(1).max(500).nullable() });

/** `decision` in any of the shapes that a single one may have. */
export const BatchDecision = z.strictObject({
  approval_ids: z
    .array(Id)
    .min(1)
    .max(100)
    .refine((ids) => new Set(ids).size === ids.length, "names an approval twice"),
  decision: z.unknown().refine((decision) => decision !== undefined, "is missing"),
});
export type BatchDecision = z.infer<typeof BatchDecision>;

export const HistoryQuery = z.object(PageFields).transform(present);

/** Over the questions that were asked in the last days. */
export const MetricsQuery = z.object({ days: z.coerce.number().int().min(1).max(366).default(30) });

const Refusal = z.object({ code: z.string(), message: z.string(), details: JsonRecord });
export const BatchAnswer: z.ZodType<{ results: BatchResult[] }> = z.object({
  results: z.array(
    z.discriminatedUnion("ok", [
      z.object({ id: z.string(), ok: z.literal(true), approval: ApprovalAnswer }),
      z.object({ id: z.string(), ok: z.literal(false), error: Refusal }),
    ]),
  ),
});

export const ApprovalChangeAnswer: z.ZodType<ApprovalChange> = z
  .object({
    at: z.string(),
    event: z.string(),
    from: State.nullable(),
    to: State.nullable(),
    by: z.string().nullable(),
    via: Via.nullable(),
    runId: z.string().nullable(),
    decision: DecisionAnswer.nullable(),
    policy: Policy.nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: "ApprovalChange", description: "One thing that happened to a question." });

const Figures: z.ZodType<ApprovalFigures> = z.object({
  asked: z.number(),
  pending: z.number(),
  decided: z.number(),
  approved: z.number(),
  edited: z.number(),
  rejected: z.number(),
  responded: z.number(),
  byPolicy: z.number(),
  expired: z.number(),
  superseded: z.number(),
  approvalRate: z.number().nullable(),
  timeoutRate: z.number().nullable(),
  responseSeconds: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).nullable(),
});
export const ApprovalMetricsAnswer: z.ZodType<ApprovalMetrics> = z.object({ since: z.string(), total: Figures, byKind: z.partialRecord(Kind, Figures) });
