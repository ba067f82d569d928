import type { WantedToolCall } from "#ports/decisions.ts";
import type { PolicyChoice, PolicyEffect, PolicyFacts } from "#ports/policies.ts";
import { evaluate, matches } from "./evaluate.ts";
import { byPrecedence } from "./specificity.ts";

/**
 * What becomes of a call of a tool that asks nobody by itself. The rules of the installation come first: a deny refuses and an ask asks,
 * however specific the built-in ones are, because those only say what has to be asked at all. What none of them is about is as usual for the
 * tool: harmless ones and those of the sandbox run; for one that is usually asked about, an `allow` must get past the built-in rules, as
 * with every question. Pure.
 */
export function ruleOnCall(
  policies: readonly PolicyChoice[],
  facts: PolicyFacts,
  usual: WantedToolCall["usual"],
): { effect: PolicyEffect; policy: PolicyChoice | null } {
  const about = policies.filter((policy) => matches(policy.rule, facts)).toSorted(byPrecedence);
  const own = about.find(({ rule }) => rule.authority === "administrator" && rule.effect === "deny") ?? about[0];
  if (own !== undefined && own.rule.effect !== "allow") return { effect: own.rule.effect, policy: own };
  if (usual === "allow") return { effect: "allow", policy: own ?? null };
  const { effect, policy } = evaluate(policies, facts);
  return { effect, policy };
}
