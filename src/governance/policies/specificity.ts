import type { PolicyChoice, PolicyRule } from "#ports/policies.ts";
import { patternParts } from "./pattern.ts";

/**
 * How specific a rule is: 2 for everything it names exactly (kind, action, target, project, user, agent, tool), 1 for what it names with `*`
 * somewhere in it, 2 for each argument it is about. Of two with the same sum, the one that spells out more of what it names with `*`.
 */
export interface Specificity {
  points: number;
  letters: number;
}

/** How closely a rule says what it is about (docs/approvals.md has the points). */
export function specificityOf(rule: PolicyRule): Specificity {
  const named = [...patternParts(rule.pattern), rule.project_id ?? "*", rule.user ?? "*", rule.agent ?? "*", rule.tool ?? "*"];
  let points = 2 * (rule.arguments?.length ?? 0);
  let letters = 0;
  for (const name of named) {
    if (!name.includes("*")) {
      points += 2;
    } else if (/[^*]/.test(name)) {
      points += 1;
      letters += name.replaceAll("*", "").length;
    }
  }
  return { points, letters };
}

const SEVERITY = { deny: 2, ask: 1, allow: 0 } as const;

/**
 * Which of two rules counts, for sorting; negative when the first does. The more specific one; of equally specific ones those of the
 * installation before those that Slipway brings; then deny over ask over allow; then an administrator's; then in their order.
 */
export function byPrecedence(one: PolicyChoice, other: PolicyChoice): number {
  const [left, right] = [specificityOf(one.rule), specificityOf(other.rule)];
  return (
    right.points - left.points ||
    right.letters - left.letters ||
    Number(one.builtin) - Number(other.builtin) ||
    SEVERITY[other.rule.effect] - SEVERITY[one.rule.effect] ||
    Number(other.rule.authority === "administrator") - Number(one.rule.authority === "administrator") ||
    one.position - other.position ||
    (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)
  );
}
