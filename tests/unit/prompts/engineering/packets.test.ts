import { describe, expect, test } from "vitest";
import type { DeliveryPlan } from "#graphs/engineering/state.ts";
import type { TestCase } from "#ports/tests.ts";
import { analystRequest, analystSystem } from "#prompts/engineering/analyst.ts";
import { developerBrief, developerSystem } from "#prompts/engineering/developer.ts";
import { escalationDescription } from "#prompts/engineering/escalation.ts";
import { planDescription } from "#prompts/engineering/plan-description.ts";
import { reworkPacket } from "#prompts/engineering/rework.ts";
import { attemptOf } from "../../graphs/engineering/attempt-of.ts";

const plan: DeliveryPlan = {
  summary: "Опросы с голосами.",
  goal: "Опросы",
  acceptance_criteria: ["POST /polls отвечает 201", "голоса переживают перезапуск"],
  steps: ["хранилище", "маршруты"],
  test_command: "node --test",
  start_command: "node src/server.js",
  health_path: "/health",
};

const failing = (index: number, message = `AssertionError: expected ${index}\n${"    at somewhere\n".repeat(20)}`): TestCase => ({
  id: `test/polls.test.js > case ${String(index).padStart(3, "0")}`,
  file: "test/polls.test.js",
  title: `case ${index}`,
  status: "failed",
  durationMs: 3,
  message,
});

const packet = (cases: TestCase[], more: Partial<Parameters<typeof reworkPacket>[0]> = {}) =>
  reworkPacket({
    attempt: attemptOf({ totals: { executed: 9, passed: 6, failed: 3, skipped: 0 } }),
    report: { cases, outcome: "failed", logTail: "raw log", exitCode: 1 },
    diff: "+added",
    sameAsBefore: false,
    roundsLeft: 3,
    ...more,
  });

describe("the rework packet", () => {
  test("shows the first three in full and the rest in a line each", () => {
    const text = packet(Array.from({ length: 6 }, (_each, index) => failing(index)));
    expect(text.match(/^### /gm)).toHaveLength(3);
    expect(text).toContain("- case 5: AssertionError: expected 5");
    expect(text).toContain("9 executed, 6 passed, 3 failed");
    expect(text).toContain("```diff\n+added");
    expect(text).not.toContain("raw log");
  });

  test("stays within its budget whatever the harness saw", () => {
    const cases = Array.from({ length: 400 }, (_each, index) => failing(index, "x".repeat(4_000)));
    expect(packet(cases, { diff: "y".repeat(100_000) }).length / 4).toBeLessThan(7_000);
  });

  test("shows the end of the output when nothing could be counted", () => {
    const text = packet([], { attempt: attemptOf({ outcome: "no_tests" }), report: { cases: [], outcome: "no_tests", logTail: "raw log", exitCode: 0 } });
    expect(text).toContain("no tests");
    expect(text).toContain("raw log");
  });

  test("names the findings, and the repetition", () => {
    const attempt = attemptOf({
      findings: [
        { code: "test_removed", blocking: true, message: "A test vanished." },
        { code: "x", blocking: false, message: "a hint" },
      ],
    });
    const text = packet([failing(1)], { attempt, sameAsBefore: true, roundsLeft: 0 });
    expect(text).toContain("A test vanished.");
    expect(text).not.toContain("a hint");
    expect(text).toContain("exactly the same way");
    expect(text).toContain("last round");
  });

  test("says that nothing was changed", () => {
    expect(packet([], { attempt: attemptOf({ changed: false }), report: null, diff: "" })).toContain("Nothing was changed");
  });
});

describe("what the team reads", () => {
  test("prompts name no machine, no time and no id, so that recordings replay", () => {
    const facts = { projectName: "polls", stack: "node" as const, request: "Сделай опросы", language: "ru", existing: null, previous: null, remarks: [] };
    const brief = developerBrief({ projectName: "polls", language: "en", request: "x", plan, files: ["package.json"], instructions: [] });
    const all = [analystSystem(facts), analystRequest(facts), developerSystem({ stack: "node" }), developerSystem({ stack: "python" }), brief].join("\n");
    expect(all).not.toMatch(/\/(tmp|home|root|work)\//);
    expect(all).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
    expect(all).not.toMatch(/\d{4}-\d\d-\d\d/);
  });

  test.each(["node", "python"] as const)("the contract of a delivered service is taught (%s)", (stack) => {
    for (const text of [analystSystem({ stack, language: "en" }), developerSystem({ stack })]) {
      for (const word of ["PORT", "HOST", "RELEASE", "STORAGE_DIR", "SIGTERM", '"status":"ok"', "No third-party", "port 0"]) expect(text).toContain(word);
    }
  });

  test("the analyst meets what exists and what was said", () => {
    const text = analystRequest({
      projectName: "polls",
      stack: "node",
      request: "add comments",
      language: "en",
      existing: {
        goal: "Polls",
        stack: "node",
        acceptanceCriteria: ["GET /polls"],
        testCommand: "node --test",
        startCommand: "node src/server.js",
        healthPath: "/health",
      },
      previous: plan,
      remarks: ["smaller, please"],
    });
    for (const word of ["must go on doing it", "GET /polls", "smaller, please", "Опросы"]) expect(text).toContain(word);
  });

  test("the plan is shown in the words of the plan", () => {
    expect(planDescription(plan)).toBe(
      "**Опросы**\n\nОпросы с голосами.\n\n- POST /polls отвечает 201\n- голоса переживают перезапуск\n\n1. хранилище\n2. маршруты\n\n`node --test` · `node src/server.js` · `GET /health`",
    );
  });

  test("an instruction of the person stands in the brief", () => {
    expect(developerBrief({ projectName: "polls", language: "en", request: "x", plan, files: [], instructions: ["use a Map"] })).toContain("- use a Map");
  });

  test.each([
    ["en", "needs your help", "Round 1"],
    ["ru-RU", "нужна ваша помощь", "Попытка 1"],
    ["de", "needs your help", "Round 1"],
  ])("an escalation speaks %s", (language, title, round) => {
    const text = escalationDescription({ language, projectName: "polls", stuck: "rounds", attempts: [attemptOf()], offered: 3 });
    expect(text).toContain(title);
    expect(text).toContain(round);
  });
});
