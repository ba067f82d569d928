import { z } from "zod";
import type { ArgumentPredicate, DryRun, Policy, PolicyRule } from "#ports/policies.ts";
import { Id, maybe, PageFields, present } from "./fields.ts";

const TEXT = 500;
const KINDS = ["plan", "tool", "deploy", "secret", "budget", "question", "escalation"] as const;
const OPERATORS = [
  "equals",
  "not_equals",
  "in",
  "not_in",
  "less",
  "at_most",
  "greater",
  "at_least",
  "like",
  "not_like",
  "contains",
  "exists",
  "missing",
] as const;

/** Ten years: beyond it times cannot be added up everywhere. */
const Seconds = z.number().int().min(1).max(315_360_000);
const Wildcard = z.string().min(1).max(TEXT);
const Risk = z.enum(["low", "medium", "high"]);
const Effect = z.enum(["allow", "ask", "deny"]);

const Pattern = z
  .string()
  .min(1)
  .max(TEXT)
  .refine((pattern) => !pattern.split(":").slice(0, 2).includes(""), "is kind:action:target, none of the first two empty; * stands for any text")
  .refine((pattern) => isKind(pattern.split(":")[0] ?? ""), `begins with a kind: ${KINDS.join(", ")}, or one with *`);

function isKind(kind: string): boolean {
  return kind.includes("*") || KINDS.some((known) => known === kind);
}

const NUMBERS = new Set(["less", "at_most", "greater", "at_least"]);
const Scalar = z.union([z.string().max(TEXT), z.number(), z.boolean(), z.null()]);

const Predicate = z
  .object({
    /** `"diff.added"` is `["diff", "added"]`; a name with a dot in it only as a list. */
    path: z.union([
      z
        .string()
        .min(1)
        .max(TEXT)
        .transform((path) => path.split(".")),
      z.array(z.string().min(1).max(TEXT)).min(1).max(10),
    ]),
    operator: z.enum(OPERATORS),
    value: z.union([Scalar, z.array(Scalar).max(200)]).optional(),
  })
  .refine(fits, "needs a value of the operator's kind: a number to compare, a list for in, a text or a list of texts for like, none for exists")
  .transform(({ path, operator, value }): ArgumentPredicate => (value === undefined ? { path, operator } : { path, operator, value }));

function fits({ operator, value }: { operator: string; value?: unknown }): boolean {
  if (operator === "exists" || operator === "missing") return value === undefined;
  if (NUMBERS.has(operator)) return typeof value === "number";
  if (operator === "in" || operator === "not_in") return Array.isArray(value);
  if (operator === "like" || operator === "not_like") return [value].flat().every((one) => typeof one === "string");
  return value !== undefined && !Array.isArray(value);
}

const RuleFields = {
  pattern: Pattern.meta({ description: "`kind:action:target`, each with `*`. What is left out at the end is `*`." }),
  project_id: maybe(Id),
  user: maybe(Wildcard),
  agent: maybe(Wildcard),
  tool: maybe(Wildcard),
  arguments: maybe(z.array(Predicate).max(20)),
  effect: Effect,
  authority: z.enum(["administrator", "owner"]).default("owner"),
  max_risk: maybe(Risk),
  timeout_seconds: Seconds.nullable().optional(),
  warn_seconds: maybe(Seconds),
  on_expire: maybe(z.enum(["reject", "remind", "escalate", "park"])),
  escalate_to: maybe(z.string().min(1).max(TEXT)),
  assignee: maybe(z.string().min(1).max(TEXT)),
  max_rejections: z.number().int().min(1).max(100).nullable().optional(),
};

/** Also what a stored rule is read with, because the row may come from another version. */
export const StoredRule: z.ZodType<PolicyRule> = z.object(RuleFields).transform(present);

const Named = { name: z.string().trim().min(1).max(200), enabled: z.boolean().default(true), position: maybe(z.number().int().min(0).max(1_000_000)) };

/** A rule with its name; unknown members are refused, because a misspelt condition would make the rule one about everything. */
export const PolicyCreate = z
  .strictObject({ ...Named, ...RuleFields })
  .refine((rule) => rule.on_expire !== "escalate" || rule.escalate_to !== undefined, { path: ["escalate_to"], message: "says to whom, for escalate" })
  .transform(({ name, enabled, position, ...rule }) => ({
    name,
    enabled,
    ...(position === undefined ? {} : { position }),
    rule: present(rule) satisfies PolicyRule,
  }));
export type PolicyCreate = z.infer<typeof PolicyCreate>;

export const PolicyPath = z.object({ policy_id: Id });
export const PoliciesQuery = z.object(PageFields).transform(present);

/** `policies`: instead of those that are stored. */
export const DryRunRequest = z
  .strictObject({
    policies: maybe(z.array(PolicyCreate).max(200)),
    days: z.number().int().min(1).max(30).default(30),
    limit: z.number().int().min(1).max(1_000).default(100),
  })
  .transform(present);
export type DryRunRequest = z.infer<typeof DryRunRequest>;

const PolicyNote = z.object({ id: z.string(), name: z.string(), effect: Effect });

export const PolicyAnswer: z.ZodType<Policy> = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    position: z.number(),
    rule: StoredRule,
    builtin: z.boolean(),
    created_by: z.string().nullable(),
    updated_by: z.string().nullable(),
    created_at: z.string().nullable(),
    updated_at: z.string().nullable(),
  })
  .meta({ id: "Policy", description: "A rule about questions to people." });

export const DryRunAnswer: z.ZodType<DryRun> = z
  .object({
    since: z.string(),
    considered: z.number(),
    truncated: z.boolean(),
    by_effect: z.object({ allow: z.number(), ask: z.number(), deny: z.number() }),
    by_rule: z.array(z.object({ id: z.string(), name: z.string(), effect: Effect, questions: z.number() })),
    disagreements: z.number(),
    items: z.array(
      z.object({
        approval_id: z.string(),
        thread_id: z.string(),
        kind: z.enum(KINDS),
        action: z.string(),
        target: z.string(),
        risk: Risk,
        asked_at: z.string(),
        happened: z.string(),
        decided_by: z.string().nullable(),
        would: PolicyNote,
      }),
    ),
  })
  .meta({ id: "DryRun" });
