import { StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import { DecisionType } from "#protocol/approvals.ts";
import { DevopsResult } from "#protocol/team-work.ts";

/** One name that the code reads from its environment. Never a value of a secret. */
export const EnvironmentName = z.object({
  name: z.string(),
  class: z.enum(["generated", "computed", "user", "public"]),
  /** For a person: what it is for, and where to get it. Empty when nobody knows. */
  purpose: z.string(),
  where: z.string(),
  /** Value of a public name that the code has no default for; null: the code's own default holds, or the value is not ours to know. */
  value: z.string().nullable(),
});
export type EnvironmentName = z.infer<typeof EnvironmentName>;

/** Everything a deploy decision rests on; `digest` is over all of it. */
export const ReleaseCandidate = z.object({
  commitSha: z.string(),
  reportId: z.string(),
  reportDigest: z.string(),
  tests: z.object({ executed: z.number(), passed: z.number() }),
  diff: z.object({ digest: z.string(), files: z.number(), added: z.number(), removed: z.number(), paths: z.array(z.string()) }),
  stack: z.enum(["node", "python"]),
  startCommand: z.string(),
  healthPath: z.string(),
  publicEnvironment: z.record(z.string(), z.string()),
  /** `secret://…@version`, sorted. */
  secretReferences: z.array(z.string()),
  secretNames: z.array(z.string()),
  rollbackTarget: z.object({ id: z.string(), number: z.number() }).nullable(),
  digest: z.string(),
});
export type ReleaseCandidate = z.infer<typeof ReleaseCandidate>;

/** A rollback or a removal that a person is asked about. */
export const PlannedChange = z.object({
  servingNumber: z.number().nullable(),
  target: z.object({ id: z.string(), number: z.number() }).nullable(),
  digest: z.string(),
});
export type PlannedChange = z.infer<typeof PlannedChange>;

/** A person's decision, with what it was made on. An effect whose decision comes from another branch or digest asks again. */
const MadeDecision = z.object({
  type: DecisionType,
  message: z.string().nullable(),
  approvalId: z.string(),
  branch: z.string(),
  digest: z.string().nullable(),
});

/** What an effect came to, without the log's full length. */
export const Done = z.object({
  status: z.enum(["live", "rolled_back", "failed", "undeployed"]),
  releaseId: z.string().nullable(),
  releaseNumber: z.number().nullable(),
  url: z.string().nullable(),
  directUrl: z.string().nullable(),
  evidence: z.array(z.object({ phase: z.string(), ok: z.boolean(), message: z.string() })),
  logTail: z.string(),
});
export type Done = z.infer<typeof Done>;

export const DevopsState = new StateSchema({
  // the order, see protocol/team-work.ts
  project_id: z.string().default(""),
  project_name: z.string().default(""),
  action: z.enum(["deploy", "rollback", "undeploy"]).default("deploy"),
  delivery_id: z.string().nullable().default(null),
  reason: z.string().default(""),
  language: z.string().default("en"),

  environment: z.array(EnvironmentName).default([]),
  /** Names that only a person can give and that have no value yet. */
  missing: z.array(z.string()).default([]),
  candidate: ReleaseCandidate.nullable().default(null),
  planned: PlannedChange.nullable().default(null),
  /** Markdown of the question that is asked next, in the person's language. */
  description: z.string().default(""),
  /** How often this thread asked; each question is one of its own. */
  asked: z.number().default(0),
  /** Why it is asked again. */
  notice: z.string().nullable().default(null),
  decision: MadeDecision.nullable().default(null),
  done: Done.nullable().default(null),
  result: DevopsResult.nullable().default(null),
});
export type DevopsState = typeof DevopsState.State;
