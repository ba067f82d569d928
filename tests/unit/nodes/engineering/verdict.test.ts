import { describe, expect, test } from "vitest";
import { afterRed } from "#nodes/engineering/after-red.ts";
import { executedTests, verdict } from "#nodes/engineering/verdict.ts";
import type { TestCase, TestReport } from "#ports/tests.ts";
import { attemptOf } from "../../graphs/engineering/attempt-of.ts";

const passed = (id: string): TestCase => ({ id, file: "test/a.test.js", title: id, status: "passed", durationMs: 1, message: null });
const failed = (id: string, message = "expected 1, got 2"): TestCase => ({ ...passed(id), status: "failed", message });

function reportOf(cases: TestCase[], differences: Partial<TestReport> = {}): TestReport {
  const count = (status: TestCase["status"]) => cases.filter((each) => each.status === status).length;
  const green = count("failed") === 0 && count("passed") > 0;
  return {
    id: "r",
    projectId: "p",
    deliveryId: "d",
    commitSha: "c",
    command: "node --test",
    outcome: green ? "passed" : "failed",
    exitCode: green ? 0 : 1,
    totals: { executed: count("passed") + count("failed"), passed: count("passed"), failed: count("failed"), skipped: count("skipped") },
    cases,
    findings: [],
    green,
    digest: "",
    durationMs: 1,
    logTail: "",
    sandbox: "namespaces",
    ...differences,
  };
}

describe("verdict", () => {
  test("a green report with a test of its own is green", () => {
    expect(verdict({ report: reportOf([passed("a")]), baseTests: [], knownTests: [] })).toMatchObject({ green: true, failing: [], findings: [] });
  });

  test("a red report is red, and names what failed in a stable order", () => {
    expect(verdict({ report: reportOf([failed("b"), failed("a"), passed("c")]), baseTests: [], knownTests: [] })).toMatchObject({
      green: false,
      failing: ["a", "b"],
    });
  });

  test("deleting the failing test of an earlier round is not green", () => {
    const { green, findings } = verdict({ report: reportOf([passed("a")]), baseTests: [], knownTests: ["a", "the hard one"] });
    expect(green).toBe(false);
    expect(findings).toEqual([expect.objectContaining({ code: "test_removed", blocking: true, message: expect.stringContaining("the hard one") })]);
  });

  test("what the harness remarked about a file is no test that vanished", () => {
    const crashed = reportOf([{ ...failed("test/a.test.js > (the file did not finish)"), title: "(the file did not finish)" }]);
    expect(executedTests(crashed)).toEqual([]);
  });

  test("skipping it is not green either", () => {
    const report = reportOf([passed("a"), { ...passed("the hard one"), status: "skipped" }]);
    expect(verdict({ report, baseTests: [], knownTests: ["a", "the hard one"] }).green).toBe(false);
  });

  test("only the tests that were there before prove nothing", () => {
    const { green, findings } = verdict({ report: reportOf([passed("a")]), baseTests: ["a"], knownTests: ["a"] });
    expect(green).toBe(false);
    expect(findings[0]?.code).toBe("no_new_tests");
  });

  test("a blocking finding of the harness is not green even when somebody set the flag", () => {
    const report = reportOf([passed("a")], { findings: [{ code: "report_forged", blocking: true, message: "forged" }] });
    expect(verdict({ report, baseTests: [], knownTests: [] }).green).toBe(false);
  });

  test("the fingerprint ignores numbers that change by themselves, and nothing else", () => {
    const of = (message: string, id = "a") => verdict({ report: reportOf([failed(id, message)]), baseTests: [], knownTests: [] }).fingerprint;
    expect(of("took 12 ms on port 4312")).toBe(of("took 99 ms on port 5000"));
    expect(of("expected red")).not.toBe(of("expected blue"));
    expect(of("x", "a")).not.toBe(of("x", "b"));
  });
});

describe("afterRed", () => {
  const red = (round: number, fingerprint: string) => attemptOf({ round, fingerprint });
  test.each([
    ["the first red round goes on", [red(1, "a")], null],
    ["the same failure twice goes on, with a nudge", [red(1, "a"), red(2, "a")], null],
    ["the same failure three times calls a person", [red(1, "a"), red(2, "a"), red(3, "a")], "same_failure"],
    ["another failure in between goes on", [red(1, "a"), red(2, "b"), red(3, "a")], null],
    ["nothing changed once goes on", [red(1, "a"), red(2, "unchanged")], null],
    ["nothing changed twice calls a person", [red(1, "unchanged"), red(2, "unchanged")], "no_changes"],
    ["the last round calls a person", [red(5, "z")], "rounds"],
    ["nothing at all goes on", [], null],
  ])("%s", (_name, attempts, stuck) => expect(afterRed(attempts, 5)).toEqual({ stuck }));
});
