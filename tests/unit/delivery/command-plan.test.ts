import { describe, expect, test } from "vitest";
import { planCommand } from "#delivery/test-run/command-plan.ts";
import { splitCommand } from "#delivery/test-run/split-command.ts";

describe("splitCommand", () => {
  test.each([
    ["node --test", ["node", "--test"]],
    [`node --test "a b" 'c$d' e\\ f ''`, ["node", "--test", "a b", "c$d", "e f", ""]],
    ["node --test; rm -rf x", null],
    ["node --test || true", null],
    ["echo `id`", null],
    [`echo "$(id)"`, null],
    ["node 'open", null],
    ["a\nb", null],
  ])("%j", (command, words) => expect(splitCommand(command)).toEqual(words));
});

describe("planCommand", () => {
  const plan = (command: string, scripts: Record<string, string> = {}) => planCommand(command, command.includes("py") ? "python" : "node", scripts);

  test.each([
    ["node --test", { runner: "node", paths: [], flags: [] }],
    ["node --test --test-reporter=spec test/ src/a.test.js", { runner: "node", paths: ["test/", "src/a.test.js"], flags: [] }],
    ["node --test --import ./setup.js --test-force-exit", { runner: "node", paths: [], flags: ["--import", "./setup.js", "--test-force-exit"] }],
    ["CI=1 node --test", { runner: "node", paths: [], flags: [] }],
    ["python3 -m unittest", { runner: "unittest", start: ".", pattern: "test*.py", top: null, names: [] }],
    ["python3 -m unittest discover -v -s tests -p '*_test.py' -t .", { runner: "unittest", start: "tests", pattern: "*_test.py", top: ".", names: [] }],
    [
      "python -m unittest tests/test_a.py tests.test_b",
      { runner: "unittest", start: ".", pattern: "test*.py", top: null, names: ["tests.test_a", "tests.test_b"] },
    ],
    ["python3 -m pytest -q tests", { runner: "pytest", paths: ["tests"] }],
    ["pytest --tb=short", { runner: "pytest", paths: [] }],
  ])("%s", (command, expected) => expect(plan(command)).toEqual({ plan: expected, findings: [] }));

  test("npm scripts are read, through each other, never run", () => {
    expect(plan("npm test", { test: "npm run unit", unit: "node --test" })).toEqual({ plan: { runner: "node", paths: [], flags: [] }, findings: [] });
    expect(plan("npm run loop", { loop: "npm run loop" }).findings[0]?.code).toBe("runner_changed");
  });

  test.each([
    ["node --test --test-name-pattern=x", "test_skipped"],
    ["node --test --test-shard 1/2", "test_skipped"],
    ["node --test --eval 'process.exit(0)'", "runner_changed"],
    ["pytest -k x", "test_skipped"],
    ["pytest -p evil", "runner_changed"],
    ["python3 -m unittest -k x", "test_skipped"],
    ["node test.js", "runner_changed"],
    ["true", "runner_changed"],
    ["npm test", "runner_changed"],
    ["NODE_OPTIONS=--require=./x node --test", "runner_changed"],
    ["", "runner_changed"],
  ])("%s is blocking: %s", (command, code) => {
    expect(plan(command).findings).toContainEqual(expect.objectContaining({ code, blocking: true }));
  });
});
