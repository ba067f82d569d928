import { describe, expect, test } from "vitest";
import { ruleOnCall } from "#governance/policies/rule-on-call.ts";
import type { PolicyChoice, PolicyFacts, PolicyRule } from "#ports/policies.ts";

const rule = (name: string, wanted: Partial<PolicyRule>): PolicyChoice => ({
  id: name,
  name,
  position: 0,
  builtin: false,
  rule: { pattern: "*", effect: "ask", authority: "owner", ...wanted },
});
const call = (wanted: Partial<PolicyFacts> = {}): PolicyFacts => ({
  kind: "tool",
  action: "execute_command",
  target: "rm -rf build",
  args: { command: "rm -rf build" },
  risk: "low",
  project: null,
  user: "ada",
  agent: "engineering",
  ...wanted,
});
const outside = call({ action: "mcp_mail_send", target: "https://example.org", args: { url: "https://example.org" }, risk: "medium" });

describe("a call that asks nobody by itself", () => {
  test.each([
    ["as usual without a rule: what works in the sandbox runs, also what would be dangerous elsewhere", [], call(), "allow", "allow", null],
    ["and what reaches out is asked about", [], outside, "ask", "ask", "other-addresses"],
    ["a deny refuses, however specific the built-in rules are", [rule("no", { pattern: "tool", effect: "deny" })], call(), "allow", "deny", "no"],
    ["also what reaches out", [rule("no", { pattern: "tool:mcp_*:*", effect: "deny" })], outside, "ask", "deny", "no"],
    ["an ask asks", [rule("ask", { pattern: "tool:execute_command:*" })], call(), "allow", "ask", "ask"],
    [
      "the more specific of two rules counts",
      [rule("no", { pattern: "tool:execute_command", effect: "deny" }), rule("yes", { pattern: "tool:execute_command:rm *", effect: "allow" })],
      call(),
      "allow",
      "allow",
      "yes",
    ],
    [
      "but an administrator's deny is final",
      [rule("no", { effect: "deny", authority: "administrator" }), rule("yes", { pattern: "tool:execute_command:rm *", effect: "allow" })],
      call(),
      "allow",
      "deny",
      "no",
    ],
    ["a sweeping allow does not answer what reaches out", [rule("yes", { effect: "allow", max_risk: "high" })], outside, "ask", "ask", "other-addresses"],
    ["nor does one for lower risks", [rule("yes", { pattern: "tool:mcp_mail_send:https:*", effect: "allow" })], outside, "ask", "ask", "yes"],
    ["one that is meant does", [rule("yes", { pattern: "tool:mcp_mail_send:https:*", effect: "allow", max_risk: "medium" })], outside, "ask", "allow", "yes"],
    ["a rule about questions is not about calls", [rule("no", { pattern: "deploy", effect: "deny" })], call(), "allow", "allow", null],
  ] as const)("%s", (_name, rules, facts, usual, effect, by) => {
    const ruled = ruleOnCall(rules, facts, usual);
    expect([ruled.effect, ruled.policy?.name ?? null]).toEqual([effect, by]);
  });
});
