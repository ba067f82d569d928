import type { OnExpire, PolicyChoice, PolicyEffect, PolicyFacts, PolicyRule, Risk } from "#ports/policies.ts";
import { BUILTIN_POLICIES, EXPIRY_BY_KIND } from "./default-policy.ts";
import { patternParts } from "./pattern.ts";
import { holds } from "./predicates.ts";
import { byPrecedence } from "./specificity.ts";
import { matchesWildcard } from "./wildcard.ts";

const RISKS: Readonly<Record<Risk, number>> = { low: 0, medium: 1, high: 2 };

/** What is done with a question, and by which rule. */
export interface Ruling {
  policy: PolicyChoice;
  effect: PolicyEffect;
  timeoutSeconds: number | null;
  warnSeconds: number;
  onExpire: OnExpire;
  escalateTo: string | null;
  assignee: string | null;
  maxRejections: number | null;
}

/** Whether a rule is about a question: everything that it names must fit. */
export function matches(rule: PolicyRule, facts: PolicyFacts): boolean {
  const [kind, action, target] = patternParts(rule.pattern);
  return (
    matchesWildcard(kind, facts.kind) &&
    matchesWildcard(action, facts.action) &&
    matchesWildcard(target, facts.target) &&
    (rule.project_id === undefined || rule.project_id === facts.project) &&
    (rule.user === undefined || matchesWildcard(rule.user, facts.user)) &&
    (rule.agent === undefined || (facts.agent !== null && matchesWildcard(rule.agent, facts.agent))) &&
    (rule.tool === undefined || (facts.kind === "tool" && matchesWildcard(rule.tool, facts.action))) &&
    (rule.arguments ?? []).every((predicate) => holds(predicate, facts.args))
  );
}

/**
 * Says what becomes of a question. An administrator's deny is final; else the first rule by {@link byPrecedence} counts. An `allow` that the
 * question's risk is too high for asks. Pure; the rules need not be in order.
 */
export function evaluate(policies: readonly PolicyChoice[], facts: PolicyFacts): Ruling {
  const about = [...policies, ...BUILTIN_POLICIES].filter((policy) => matches(policy.rule, facts)).toSorted(byPrecedence);
  const final = about.find(({ rule }) => rule.authority === "administrator" && rule.effect === "deny");
  const policy = final ?? about[0];
  // the last of the built-in rules is about everything
  if (policy === undefined) throw new Error("no rule is about everything");
  return rulingOf(policy, facts);
}

function rulingOf(policy: PolicyChoice, facts: PolicyFacts): Ruling {
  const { rule } = policy;
  const byKind = EXPIRY_BY_KIND[facts.kind];
  const tooRisky = rule.effect === "allow" && RISKS[facts.risk] > RISKS[rule.max_risk ?? "low"];
  const timeoutSeconds = rule.timeout_seconds === undefined ? byKind.timeoutSeconds : rule.timeout_seconds;
  return {
    policy,
    effect: tooRisky ? "ask" : rule.effect,
    timeoutSeconds,
    // a short time is not over before it began
    warnSeconds: Math.min(rule.warn_seconds ?? WARN_SECONDS, (timeoutSeconds ?? 2 * WARN_SECONDS) / 2),
    onExpire: rule.on_expire ?? "reject",
    escalateTo: rule.escalate_to ?? null,
    assignee: rule.assignee ?? null,
    maxRejections: rule.max_rejections === undefined ? byKind.maxRejections : rule.max_rejections,
  };
}

const WARN_SECONDS = 60;
