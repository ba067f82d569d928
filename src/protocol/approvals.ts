import { z } from "zod";
import type { Decision } from "#ports/approvals.ts";
import { Flag, Id, JsonRecord, maybe, PageFields, present } from "./fields.ts";

const State = z.enum(["pending", "resuming", "done", "expired", "superseded"]);
const Kind = z.enum(["plan", "tool", "deploy", "secret", "budget", "question", "escalation"]);
const Risk = z.enum(["low", "medium", "high"]);
const Via = z.enum(["api", "resume", "policy", "expiry"]);
const Policy = z.object({ id: z.string(), name: z.string(), effect: z.enum(["allow", "ask", "deny"]) });
/** What a person may say to a question. */
export const DecisionType = z.enum(["approve", "edit", "reject", "respond"]);

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
    mirrors: maybe(Flag).describe("Also a team's question as its conversation shows it; else only where `thread_id` asks for that conversation."),
  })
  .transform(present);

/** The plainest of the shapes in which a decision may come; the others are in `approval-reply.ts`. */
export const DecisionBody = z
  .object({ type: DecisionType, message: z.string().nullish(), args: JsonRecord.nullish() })
  .meta({ id: "Decision", description: "What a person decided. `args` are the changed arguments of an edit." });

const DecisionAnswer: z.ZodType<Decision> = z.object({ type: DecisionType, message: z.string().nullable(), args: JsonRecord.nullable() });

export const ApprovalAnswer = z
  .object({
    id: z.string(),
    thread_id: z.string(),
    run_id: z.string(),
    interrupt_id: z.string(),
    kind: Kind,
    action: z.string(),
    args: JsonRecord,
    description: z.string(),
    digest: z.string().nullable(),
    risk: Risk,
    payload: z.unknown(),
    state: State,
    decision: DecisionAnswer.nullable(),
    decided_by: z.string().nullable(),
    decided_at: z.string().nullable(),
    created_at: z.string(),
    agent: z.string().nullable(),
    project_id: z.string().nullable(),
    target: z.string(),
    evidence: z.array(z.object({ kind: z.string(), ref: z.string() })),
    assignee: z.string().nullable(),
    mirror_of: z.string().nullable(),
    decided_via: Via.nullable(),
    policy: Policy.nullable(),
    expires_at: z.string().nullable(),
    on_expire: z.enum(["reject", "remind", "escalate", "park"]).nullable(),
    parked_at: z.string().nullable(),
  })
  .meta({ id: "Approval", description: "A question to a person: one interrupt, one action." });
export type ApprovalAnswer = z.infer<typeof ApprovalAnswer>;

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
export const BatchAnswer = z.object({
  results: z.array(
    z.discriminatedUnion("ok", [
      z.object({ id: z.string(), ok: z.literal(true), approval: ApprovalAnswer }),
      z.object({ id: z.string(), ok: z.literal(false), error: Refusal }),
    ]),
  ),
});
export type BatchAnswer = z.infer<typeof BatchAnswer>;

export const ApprovalChangeAnswer = z
  .object({
    at: z.string(),
    event: z.string(),
    from: State.nullable(),
    to: State.nullable(),
    by: z.string().nullable(),
    via: Via.nullable(),
    run_id: z.string().nullable(),
    decision: DecisionAnswer.nullable(),
    policy: Policy.nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: "ApprovalChange", description: "One thing that happened to a question." });
export type ApprovalChangeAnswer = z.infer<typeof ApprovalChangeAnswer>;

const Figures = z.object({
  asked: z.number(),
  pending: z.number(),
  decided: z.number(),
  approved: z.number(),
  edited: z.number(),
  rejected: z.number(),
  responded: z.number(),
  by_policy: z.number(),
  expired: z.number(),
  superseded: z.number(),
  approval_rate: z.number().nullable(),
  timeout_rate: z.number().nullable(),
  response_seconds: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).nullable(),
});
export const ApprovalMetricsAnswer = z.object({ since: z.string(), total: Figures, by_kind: z.partialRecord(Kind, Figures) });
export type ApprovalMetricsAnswer = z.infer<typeof ApprovalMetricsAnswer>;
