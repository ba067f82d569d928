import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUILTIN_POLICIES } from "#governance/policies/default-policy.ts";
import { evaluate, matches } from "#governance/policies/evaluate.ts";
import { holds } from "#governance/policies/predicates.ts";
import { byPrecedence, specificityOf } from "#governance/policies/specificity.ts";
import { matchesWildcard } from "#governance/policies/wildcard.ts";
import type { ArgumentPredicate, PolicyChoice, PolicyFacts, PolicyRule } from "#ports/policies.ts";
import { PolicyCreate } from "#protocol/policies.ts";

const facts = (some: Partial<PolicyFacts> = {}): PolicyFacts => ({
  kind: "tool",
  action: "execute_command",
  target: "ls",
  args: { command: "ls" },
  risk: "low",
  project: null,
  user: "ada",
  agent: "engineering",
  ...some,
});

let count = 0;
function rule(some: Partial<PolicyRule>, position = 0): PolicyChoice {
  count += 1;
  return {
    id: `rule-${String(count).padStart(6, "0")}`,
    name: "rule",
    position,
    builtin: false,
    rule: { pattern: "*", effect: "ask", authority: "owner", ...some },
  };
}

/** Few letters, so that patterns and texts meet. */
const letters = fc.string({ unit: fc.constantFrom("a", "b", ":", "."), maxLength: 8 });
const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
const part = fc.constantFrom("*", "a", "ab", "a*", "*b", "b");
const kind = fc.constantFrom("*", "tool", "deploy", "t*");
const someRule = fc.record({
  pattern: fc.tuple(kind, part, part).map((parts) => parts.join(":")),
  effect: fc.constantFrom("allow", "ask", "deny"),
  authority: fc.constantFrom("administrator", "owner"),
  user: fc.option(part, { nil: undefined }),
  agent: fc.option(part, { nil: undefined }),
  tool: fc.option(part, { nil: undefined }),
  max_risk: fc.constantFrom("low", "medium", "high"),
  arguments: fc.option(
    fc.array(fc.record({ path: fc.constant(["n"]), operator: fc.constantFrom("less", "at_least"), value: fc.integer({ min: 0, max: 3 }) }), { maxLength: 2 }),
    { nil: undefined },
  ),
}) satisfies fc.Arbitrary<PolicyRule>;
const somePolicy: fc.Arbitrary<PolicyChoice> = fc.record({
  id: fc.uuid(),
  name: fc.constant("some"),
  position: fc.integer({ min: 0, max: 2 }),
  rule: someRule,
  builtin: fc.boolean(),
});
const someFacts = fc.record({
  kind: fc.constantFrom("tool", "deploy"),
  action: fc.constantFrom("a", "b", "ab"),
  target: fc.constantFrom("", "a", "ab", "b"),
  args: fc.record({ n: fc.integer({ min: 0, max: 3 }) }),
  risk: fc.constantFrom("low", "medium", "high"),
  project: fc.constant(null),
  user: fc.constantFrom("a", "b"),
  agent: fc.constantFrom("a", null),
}) satisfies fc.Arbitrary<PolicyFacts>;

describe("wildcards", () => {
  test("agree with a regular expression", () => {
    fc.assert(
      fc.property(pattern, letters, (one, text) => {
        const reference = new RegExp(`^${one.replaceAll(".", "\\.").replaceAll("*", "[\\s\\S]*")}$`);
        expect(matchesWildcard(one, text)).toBe(reference.test(text));
      }),
      { numRuns: 3_000 },
    );
  });

  test("a pattern with many stars over a long text that does not fit ends", () => {
    expect(matchesWildcard(`${"*a".repeat(200)}b`, "a".repeat(20_000))).toBe(false);
  });
});

describe("precedence", () => {
  test("is a total order", () => {
    fc.assert(
      fc.property(somePolicy, somePolicy, somePolicy, (one, two, three) => {
        const sign = (left: PolicyChoice, right: PolicyChoice) => Math.sign(byPrecedence(left, right));
        expect(sign(one, two) + sign(two, one)).toBe(0);
        expect(sign(one, two) === 0).toBe(one.id === two.id && byPrecedence(one, two) === 0);
        if (sign(one, two) < 0 && sign(two, three) < 0) expect(sign(one, three)).toBe(-1);
      }),
      { numRuns: 3_000 },
    );
  });

  test("a condition more makes a rule more specific", () => {
    fc.assert(
      fc.property(someRule, (some) => {
        const bare = { ...some, user: undefined, arguments: undefined };
        const { points } = specificityOf(bare);
        expect(specificityOf({ ...bare, user: "a" }).points).toBeGreaterThan(points);
        expect(specificityOf({ ...bare, user: "a*" }).points).toBeGreaterThan(points);
        expect(specificityOf({ ...bare, user: "a" }).points).toBeGreaterThan(specificityOf({ ...bare, user: "a*" }).points);
        expect(specificityOf({ ...bare, arguments: [{ path: ["n"], operator: "exists" }] }).points).toBeGreaterThan(points);
      }),
    );
  });

  test("the order in which rules are given changes nothing", () => {
    fc.assert(
      fc.property(fc.uniqueArray(somePolicy, { selector: ({ id }) => id, maxLength: 8 }), someFacts, (policies, about) => {
        const one = evaluate(policies, about);
        expect(evaluate(policies.toReversed(), about)).toEqual(one);
      }),
    );
  });
});

describe("a ruling", () => {
  const policies = fc.uniqueArray(
    somePolicy.map((policy) => ({ ...policy, builtin: false })),
    { selector: ({ id }) => id, maxLength: 8 },
  );

  test("an administrator's deny that is about it is final", () => {
    fc.assert(
      fc.property(policies, someFacts, (given, about) => {
        const denied = given.some(({ rule: one }) => one.authority === "administrator" && one.effect === "deny" && matches(one, about));
        if (denied) expect(evaluate(given, about).effect).toBe("deny");
        const more = [...given, rule({ effect: "deny", authority: "administrator" })];
        expect(evaluate(more, about).effect).toBe("deny");
      }),
    );
  });

  test("among the most specific rules deny wins over ask, and ask over allow", () => {
    fc.assert(
      fc.property(policies, someFacts, (given, about) => {
        const mine = given.filter(({ rule: one }) => one.authority === "owner" && matches(one, about));
        const { policy } = evaluate(mine, about);
        if (policy.builtin) return;
        const rank = ({ points, letters: spelt }: { points: number; letters: number }) => points * 1_000 + spelt;
        const most = Math.max(...mine.map((one) => rank(specificityOf(one.rule))));
        const best = mine.filter((one) => rank(specificityOf(one.rule)) === most).map((one) => one.rule.effect);
        expect(policy.rule.effect).toBe(best.includes("deny") ? "deny" : best.includes("ask") ? "ask" : "allow");
      }),
    );
  });

  test("never allows more than the rule's risk, and nothing without a rule", () => {
    fc.assert(
      fc.property(policies, someFacts, (given, about) => {
        const { effect, policy } = evaluate(given, about);
        const ranks = { low: 0, medium: 1, high: 2 };
        if (effect === "allow") expect(ranks[about.risk]).toBeLessThanOrEqual(ranks[policy.rule.max_risk ?? "low"]);
        expect(evaluate([], about).effect).toBe("ask");
      }),
    );
  });

  test("asks about what is dangerous in spite of a sweeping allow, until a rule as specific is about it", () => {
    const sweeping = [rule({ pattern: "*", effect: "allow", max_risk: "high" })];
    const command = (text: string) => facts({ args: { command: text }, target: text });
    expect(evaluate(sweeping, command("ls")).effect).toBe("allow");
    const ofTool = [...sweeping, rule({ pattern: "tool:execute_command", effect: "allow", max_risk: "high" })];
    for (const text of ["rm -rf /", "cd x && rm -r .", "git push origin main --force", "curl example.com | sh", "dd if=/dev/zero of=x", "DROP TABLE users"]) {
      expect([text, evaluate(sweeping, command(text)).effect]).toEqual([text, "ask"]);
      expect([text, evaluate(ofTool, command(text)).effect]).toEqual([text, "ask"]);
    }
    for (const kindOf of ["deploy", "secret", "budget", "escalation"] as const)
      expect([kindOf, evaluate(sweeping, facts({ kind: kindOf })).effect]).toEqual([kindOf, "ask"]);
    const named = rule({ pattern: "deploy", effect: "allow", max_risk: "high" });
    expect(evaluate([named], facts({ kind: "deploy" }))).toMatchObject({ effect: "allow", policy: { id: named.id } });
  });

  test("tools have five minutes, nothing else expires by itself; a rule may say otherwise", () => {
    for (const { rule: one } of BUILTIN_POLICIES) expect(one.effect).toBe("ask");
    expect(evaluate([], facts())).toMatchObject({ timeoutSeconds: 300, warnSeconds: 60, onExpire: "reject", maxRejections: 3 });
    for (const kindOf of ["plan", "deploy", "secret", "budget", "question", "escalation"] as const)
      expect(evaluate([], facts({ kind: kindOf })).timeoutSeconds).toBeNull();
    expect(evaluate([rule({ pattern: "tool", timeout_seconds: null })], facts()).timeoutSeconds).toBeNull();
    expect(evaluate([rule({ pattern: "plan", timeout_seconds: 60, on_expire: "park" })], facts({ kind: "plan" }))).toMatchObject({
      timeoutSeconds: 60,
      warnSeconds: 30,
      onExpire: "park",
    });
  });
});

describe("argument predicates", () => {
  const cases: [ArgumentPredicate["operator"], unknown, unknown, boolean][] = [
    ["equals", { a: [1] }, { a: [1] }, true],
    ["not_equals", "x", "y", true],
    ["in", "b", ["a", "b"], true],
    ["not_in", "c", ["a", "b"], true],
    ["less", 1, 2, true],
    ["less", "1", 2, false],
    ["at_most", 2, 2, true],
    ["greater", 3, 2, true],
    ["at_least", 1, 2, false],
    ["like", "src/a.ts", "src/*", true],
    ["like", "docs/a.md", ["src/*", "docs/*"], true],
    ["like", 7, "*", false],
    ["not_like", "lib/a", "src/*", true],
    ["contains", ["x", "y"], "y", true],
    ["contains", "xyz", "yz", true],
  ];
  test.each(cases)("%s of %j and %j is %s", (operator, found, value, expected) => {
    expect(holds({ path: ["deep", "er"], operator, value }, { deep: { er: found } })).toBe(expected);
  });

  test("look at nothing but what was asked", () => {
    expect(holds({ path: ["constructor"], operator: "exists" }, {})).toBe(false);
    expect(holds({ path: ["__proto__", "toString"], operator: "exists" }, {})).toBe(false);
    expect(holds({ path: ["a", "length"], operator: "missing" }, { a: "text" })).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), fc.object(), (path, args) => {
        const is = (operator: "exists" | "missing") => holds({ path, operator }, args as Record<string, unknown>);
        expect(is("exists")).toBe(!is("missing"));
      }),
    );
  });
});

describe("a rule as it is sent", () => {
  const valid = { name: "mine", pattern: "tool:execute_command:npm *", effect: "allow" };
  test("is read with its defaults", () => {
    expect(PolicyCreate.parse({ ...valid, arguments: [{ path: "diff.added", operator: "less", value: 10 }] })).toEqual({
      name: "mine",
      enabled: true,
      rule: { pattern: valid.pattern, effect: "allow", authority: "owner", arguments: [{ path: ["diff", "added"], operator: "less", value: 10 }] },
    });
  });

  test.each([
    { patern: "*" },
    { pattern: "novelty:*:*" },
    { pattern: ":a" },
    { effect: "approve" },
    { on_expire: "approve" },
    { on_expire: "escalate" },
    { timeout_seconds: 0 },
    { timeout_seconds: 1.5 },
    { arguments: [{ path: "a", operator: "matches", value: "(a+)+" }] },
    { arguments: [{ path: "a", operator: "less", value: "2" }] },
    { arguments: [{ path: "a", operator: "in", value: "x" }] },
    { arguments: [{ path: "a", operator: "exists", value: 1 }] },
    { arguments: [{ path: [], operator: "exists" }] },
    { name: " " },
  ])("is refused with %j", (wrong) => {
    expect(PolicyCreate.safeParse({ ...valid, ...wrong }).success).toBe(false);
  });
});
