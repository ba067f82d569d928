import { describe, expect, test } from "vitest";
import { judge, reportDigest } from "#delivery/test-run/gate.ts";
import type { RunnerOutcome } from "#delivery/test-run/runner-outcome.ts";
import type { TestCase } from "#ports/tests.ts";

const one = (title: string, status: TestCase["status"] = "passed"): TestCase => ({ id: `a::${title}`, file: "a", title, status, durationMs: 1, message: null });
const run = (cases: TestCase[], more: Partial<RunnerOutcome> = {}): RunnerOutcome => {
  const count = (status: TestCase["status"]): number => cases.filter((each) => each.status === status).length;
  return {
    exitCode: count("failed") > 0 ? 1 : 0,
    reason: "exited",
    limit: null,
    cases,
    findings: [],
    counted: { passed: count("passed"), failed: count("failed"), skipped: count("skipped") },
    ...more,
  };
};
const base = (cases: TestCase[]) => ({ cases, commitSha: "base" });
const codes = (...args: Parameters<typeof judge>): string[] => judge(...args).findings.map((finding) => finding.code);

describe("judge", () => {
  test("green is exit 0, something executed, totals that agree", () => {
    expect(judge(run([one("x")]), null)).toEqual({ outcome: "passed", totals: { executed: 1, passed: 1, failed: 0, skipped: 0 }, findings: [], green: true });
  });

  test.each([
    ["no test", run([]), "no_tests"],
    ["only skipped ones", run([one("x", "skipped")]), "no_tests"],
    ["a failure", run([one("x", "failed")]), "exit_code"],
    ["a failure with exit 0", run([one("x", "failed")], { exitCode: 0 }), "totals_disagree"],
    ["passes with exit 1", run([one("x")], { exitCode: 1 }), "exit_code"],
    ["a count that differs", run([one("x")], { counted: { passed: 2, failed: 0, skipped: 0 } }), "totals_disagree"],
    ["no count", run([one("x")], { counted: null }), "totals_disagree"],
    ["a limit", run([one("x")], { reason: "timeout", exitCode: null, limit: "too long" }), "limits"],
  ])("%s is not green", (_, outcome, code) => {
    expect(judge(outcome, null).green).toBe(false);
    expect(codes(outcome, null)).toContain(code);
  });

  test("what was there may not vanish or be skipped; what was skipped may stay so", () => {
    expect(codes(run([one("x")]), base([one("x"), one("y", "failed")]))).toContain("test_removed");
    expect(codes(run([one("x"), one("y", "skipped")]), base([one("x"), one("y")]))).toContain("test_skipped");
    expect(codes(run([one("x"), one("y", "skipped")]), base([one("x")]))).toContain("test_skipped");
    expect(judge(run([one("x"), one("y", "skipped")]), base([one("x"), one("y", "skipped")])).green).toBe(true);
    expect(judge(run([one("x")]), base([one("(the file did not finish)", "failed")])).green).toBe(true);
  });

  test("the digest leaves durations and messages out and nothing else", () => {
    const report = { commitSha: "a", ...judge(run([one("x")]), null), cases: [one("x")] };
    expect(reportDigest({ ...report, cases: [{ ...one("x"), durationMs: 99, message: "m" }] })).toBe(reportDigest(report));
    expect(reportDigest({ ...report, cases: [one("x", "failed")] })).not.toBe(reportDigest(report));
    expect(reportDigest({ ...report, commitSha: "b" })).not.toBe(reportDigest(report));
  });
});
