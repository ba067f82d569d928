import { z } from "zod";
import type { Approval, Decision } from "#ports/approvals.ts";
import { Id, JsonRecord, maybe, PageFields, present } from "./fields.ts";

const State = z.enum(["pending", "resuming", "done", "expired", "superseded"]);
const Kind = z.enum(["plan", "tool", "deploy", "secret", "budget", "question", "escalation"]);
const DecisionType = z.enum(["approve", "edit", "reject", "respond"]);

export const ApprovalPath = z.object({ approval_id: Id });

export const ApprovalsQuery = z
  .object({
    ...PageFields,
    state: maybe(State),
    kind: maybe(Kind),
    thread_id: maybe(Id),
  })
  .transform(present);

/** The plainest of the shapes in which a decision may come; the others are in `approval-reply.ts`. */
export const DecisionBody = z
  .object({ type: DecisionType, message: z.string().nullish(), args: JsonRecord.nullish() })
  .meta({ id: "Decision", description: "What a person decided. `args` are the changed arguments of an edit." });

const DecisionAnswer: z.ZodType<Decision> = z.object({ type: DecisionType, message: z.string().nullable(), args: JsonRecord.nullable() });

export const ApprovalAnswer: z.ZodType<Approval> = z
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
    risk: z.enum(["low", "medium", "high"]),
    payload: z.unknown(),
    state: State,
    decision: DecisionAnswer.nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: "Approval", description: "A question to a person: one interrupt, one action." });
