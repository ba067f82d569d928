import { MessagesValue, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import { DecisionType } from "#protocol/approvals.ts";
import { StartedWork } from "#tools/started-work.ts";
import { ToolQuestion } from "#tools/tool-question.ts";
import { CAPABILITY_GROUPS, CAPABILITY_NAMES } from "#tools/capabilities.ts";

/** What a message is, as the intent parser reads it. */
export const Intent = z.object({
  kind: z.enum(["build", "change", "operate", "status", "ask", "chat", "refuse"]),
  /** BCP 47 of the person's newest message. */
  language: z.string(),
  groups: z.array(z.enum(CAPABILITY_GROUPS)),
  /** False: something is missing without which the work would be guessed. */
  clear: z.boolean(),
  missing: z.array(z.string()),
  /** What the person wants in the end. */
  deliver: z.enum(["service", "code"]),
});
export type Intent = z.infer<typeof Intent>;

/** What wakes a parent; the shape of `TeamOutcome` in ports/teams.ts. */
export const Outcome = z.object({
  call: z.string(),
  team: z.enum(["engineering", "devops"]),
  threadId: z.string(),
  status: z.enum(["waiting", "done", "failed", "cancelled", "decided"]),
  result: z.unknown(),
  error: z.string().nullable(),
});
export type Outcome = z.infer<typeof Outcome>;

/** An approval of a team, shown in this thread too. */
export const Mirrored = z.object({
  id: z.uuid(),
  call: z.string(),
  kind: z.enum(["plan", "tool", "deploy", "secret", "budget", "question", "escalation"]),
  action: z.string(),
  args: z.record(z.string(), z.unknown()),
  description: z.string(),
  digest: z.string().nullable(),
  risk: z.enum(["low", "medium", "high"]),
  allowed: z.array(DecisionType),
  argsSchema: z.unknown(),
  evidence: z.array(z.object({ kind: z.string(), ref: z.string() })),
  projectId: z.uuid().nullable(),
});
export type Mirrored = z.infer<typeof Mirrored>;

/** An answer as `protocol/approval-reply.ts` reads it. Values of a secret are references by the time they get here. */
const Reply = z.object({
  type: DecisionType,
  message: z.string().nullable(),
  args: z.record(z.string(), z.unknown()).nullable(),
});

export const ProductOwnerState = new StateSchema({
  messages: MessagesValue,
  /** Input of a wake-up; null as soon as the turn that told of it is over. */
  outcome: Outcome.nullable().default(null),
  /** Of the newest message; null when there was no model to sort it. */
  intent: Intent.nullable().default(null),
  /** BCP 47 of the person, for whatever is told without being asked. */
  language: z.string().default("en"),
  /** Tools of this turn. */
  tools: z.array(z.enum(CAPABILITY_NAMES)).default([]),
  /** Team work that this conversation started, by call. */
  works: z.record(z.string(), StartedWork).default({}),
  /** Id of the newest message of the person that a turn has begun to answer. */
  handled: z.string().nullable().default(null),
  /** Model calls of this turn. */
  turns: z.number().default(0),
  /** Calls of the newest answer that the person is asked about before any of them is made. */
  tool_questions: z.array(ToolQuestion).default([]),
  /** How often the newest answer's calls were asked about. */
  tools_asked: z.number().default(0),
  /** The team approval that is shown now. */
  question: Mirrored.nullable().default(null),
  /** How often something was asked in this thread; makes each mirror one of its own. */
  asked: z.number().default(0),
  /** The answer to `question`, to be passed on. */
  reply: Reply.nullable().default(null),
  /** Why the last answer could not be used, shown with the repeated question. */
  problem: z.string().nullable().default(null),
});
export type ProductOwnerState = typeof ProductOwnerState.State;
