import { describe, expect, test } from "vitest";
import type { DeliveryPlan } from "#graphs/engineering/state.ts";
import { tidyPlan } from "#nodes/engineering/tidy-plan.ts";
import { planVerdict } from "#nodes/engineering/ask-plan-approval.ts";
import { escalationVerdict } from "#nodes/engineering/escalate.ts";
import type { Decision } from "#ports/approvals.ts";

const plan: DeliveryPlan = {
  summary: "Polls.",
  goal: "Polls",
  acceptance_criteria: ["GET /health answers 200"],
  steps: ["Build it"],
  test_command: "node --test",
  start_command: "node src/server.js",
  health_path: "/health",
};

const decided = (type: Decision["type"], message: string | null = null, args: Decision["args"] = null) => ({
  approvalId: "id",
  decision: { type, message, args },
  problem: null,
});
const unreadable = { approvalId: "id", decision: null, problem: "Say yes or no." };

describe("an answer about the plan", () => {
  const state = { plan_remarks: ["smaller"], asked_again: 1, stack: "node" as const };
  const verdictOf = (answer: Parameters<typeof planVerdict>[2]) => planVerdict(state, plan, answer);

  test("approve goes on with the plan as it is", () => {
    const update = verdictOf(decided("approve"));
    expect(update.answer?.verdict).toBe("approved");
    expect(update).not.toHaveProperty("plan");
  });

  test("edit goes on with the edited plan, without a second question", () => {
    const update = verdictOf(decided("edit", null, { goal: "Better polls" }));
    expect(update.answer?.verdict).toBe("approved");
    expect(update.plan).toMatchObject({ goal: "Better polls", health_path: "/health" });
  });

  test("an edit that is no plan is asked again, with the reason", () => {
    const update = verdictOf(decided("edit", null, { health_path: "health", acceptance_criteria: [] }));
    expect(update.answer?.verdict).toBe("again");
    expect(update.asked_again).toBe(2);
    expect(update.ask_problem).toContain("health_path");
  });

  test("an edit without a change but with words is a remark", () => {
    const update = verdictOf(decided("edit", "use sqlite", {}));
    expect(update).toMatchObject({ answer: { verdict: "revise" }, plan_remarks: ["smaller", "use sqlite"] });
  });

  test("a reject with a reason goes back to the analyst", () => {
    expect(verdictOf(decided("reject", "too big"))).toMatchObject({ answer: { verdict: "revise" }, plan_remarks: ["smaller", "too big"], ask_problem: null });
  });

  test("a reject without a reason ends the order", () => {
    expect(verdictOf(decided("reject")).answer?.verdict).toBe("rejected");
  });

  test("an unreadable answer is asked again", () => {
    expect(verdictOf(unreadable)).toMatchObject({ answer: { verdict: "again" }, asked_again: 2, ask_problem: "Say yes or no." });
  });
});

describe("the test command of a plan", () => {
  test.each([
    ["node", "node --test", "node --test"],
    ["node", "node --test test/", "node --test test/"],
    ["node", "echo ok", "node --test"],
    ["node", "node --test || true", "node --test"],
    ["node", "node --test --test-only", "node --test"],
    ["node", "npm test", "node --test"],
    ["python", "python3 -m unittest discover", "python3 -m unittest discover"],
    ["python", "python3 -m pytest", "python3 -m pytest"],
    ["python", "python3 -m pytest -k fast", "python3 -m unittest"],
    ["python", "true; python3 -m unittest", "python3 -m unittest"],
  ] as const)("%s: %s -> %s", (stack, given, expected) => expect(tidyPlan({ ...plan, test_command: given }, stack).test_command).toBe(expected));

  test("the start command stays in the foreground", () => {
    expect(tidyPlan({ ...plan, start_command: " nohup node src/server.js & " }, "node").start_command).toBe("node src/server.js");
    expect(tidyPlan({ ...plan, start_command: "node src/server.js --a=b&c" }, "node").start_command).toBe("node src/server.js --a=b&c");
  });
});

describe("an answer about an escalation", () => {
  const state = { asked_again: 0, round: 5, max_rounds: 5, instructions: [] };

  test("approve grants three more rounds", () => {
    expect(escalationVerdict(state, decided("approve"))).toMatchObject({ answer: { verdict: "granted" }, max_rounds: 8, instructions: [] });
  });

  test("edit grants as many as said, with an instruction", () => {
    expect(escalationVerdict(state, decided("edit", null, { more_rounds: 1, instruction: "use a Map" }))).toMatchObject({
      max_rounds: 6,
      instructions: ["use a Map"],
    });
  });

  test("words are an instruction", () => {
    expect(escalationVerdict(state, decided("respond", "drop the cache"))).toMatchObject({
      answer: { verdict: "granted" },
      max_rounds: 8,
      instructions: ["drop the cache"],
    });
  });

  test("rounds granted early are not lost", () => {
    expect(escalationVerdict({ ...state, round: 2 }, decided("approve")).max_rounds).toBe(8);
  });

  test("reject stops", () => {
    expect(escalationVerdict(state, decided("reject", "enough"))).toMatchObject({ answer: { verdict: "stopped", message: "enough" } });
  });

  test("nonsense is asked again", () => {
    expect(escalationVerdict(state, decided("edit", null, { more_rounds: 1_000_000 })).answer?.verdict).toBe("again");
    expect(escalationVerdict(state, unreadable)).toMatchObject({ answer: { verdict: "again" }, asked_again: 1 });
  });
});
