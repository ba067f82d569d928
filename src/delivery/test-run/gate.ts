import { createHash } from "node:crypto";
import type { TestCase, TestFinding, TestOutcome, TestReport } from "#ports/tests.ts";
import type { RunnerOutcome } from "./runner-outcome.ts";

type Baseline = Pick<TestReport, "cases" | "commitSha">;

export interface Judgement {
  outcome: TestOutcome;
  totals: TestReport["totals"];
  findings: TestFinding[];
  green: boolean;
}

const MOST_NAMED = 10;

/**
 * The gate (docs/decisions/0007): exit 0, at least one test executed, the runner's totals agree with the cases, and nothing that was there at the base
 * is gone or skipped. A skipped test is accepted only where it was skipped at the base already: a delivery has no reason to add one.
 */
export function judge(run: RunnerOutcome, baseline: Baseline | null): Judgement {
  const totals = countCases(run.cases);
  const findings: TestFinding[] = [...run.findings];
  const block = (code: TestFinding["code"], message: string): void => void findings.push({ code, blocking: true, message });

  if (run.reason !== "exited") block("limits", run.limit ?? "The test run was ended from outside.");
  else if (run.exitCode !== 0) block("exit_code", `The tests ended with exit code ${run.exitCode ?? "unknown"}.`);
  if (totals.executed === 0) block("no_tests", "No test was executed.");
  if (run.reason === "exited" && !agree(run, totals)) block("totals_disagree", "The runner's totals, its exit code and the single results do not agree.");
  for (const finding of comparison(run.cases, baseline)) findings.push(finding);

  const outcome = outcomeOf(run, totals);
  const unique = findings.filter((finding, index) => findings.findIndex((other) => other.code === finding.code && other.message === finding.message) === index);
  return { outcome, totals, findings: unique, green: outcome === "passed" && !unique.some((finding) => finding.blocking) };
}

function countCases(cases: readonly TestCase[]): TestReport["totals"] {
  const count = (status: TestCase["status"]): number => cases.filter((test) => test.status === status).length;
  const [passed, failed, skipped] = [count("passed"), count("failed"), count("skipped")];
  return { executed: passed + failed, passed, failed, skipped };
}

function agree(run: RunnerOutcome, totals: TestReport["totals"]): boolean {
  if ((run.exitCode === 0) !== (totals.failed === 0) && totals.executed > 0) return false;
  // a runner that did not come to count has failed already
  return run.counted === null
    ? totals.failed > 0 || totals.executed === 0
    : run.counted.passed === totals.passed && run.counted.skipped === totals.skipped && run.counted.failed === totals.failed;
}

function outcomeOf(run: RunnerOutcome, totals: TestReport["totals"]): TestOutcome {
  if (run.reason === "out_of_memory") return "out_of_memory";
  if (run.reason === "timeout") return "timeout";
  if (run.reason !== "exited") return "crashed";
  if (totals.executed === 0) return run.exitCode === 0 || run.exitCode === 5 ? "no_tests" : "crashed";
  return totals.failed > 0 || run.exitCode !== 0 ? "failed" : "passed";
}

function comparison(cases: readonly TestCase[], baseline: Baseline | null): TestFinding[] {
  const now = new Map(cases.map((test) => [test.id, test]));
  const before = new Map((baseline?.cases ?? []).map((test) => [test.id, test]));
  // a line like "(the file did not finish)" is the harness's own and no test that could vanish
  const gone = [...before.values()].filter((test) => !now.has(test.id) && !test.title.startsWith("("));
  const skipped = cases.filter((test) => test.status === "skipped" && before.get(test.id)?.status !== "skipped");
  const findings: TestFinding[] = [];
  const name = (tests: readonly TestCase[]): string =>
    tests
      .slice(0, MOST_NAMED)
      .map((test) => test.id)
      .join("; ") + (tests.length > MOST_NAMED ? `; and ${tests.length - MOST_NAMED} more` : "");
  if (gone.length > 0) findings.push({ code: "test_removed", blocking: true, message: `Tests of the base commit are gone: ${name(gone)}. Put them back.` });
  if (skipped.length > 0)
    findings.push({ code: "test_skipped", blocking: true, message: `Tests are skipped, marked todo or expected to fail: ${name(skipped)}. Let them run.` });
  return findings;
}

/** Equal for two runs that saw the same: commit, outcome, totals, cases and findings. Durations, messages and logs may differ. */
export function reportDigest(report: Pick<TestReport, "commitSha" | "outcome" | "totals" | "cases" | "findings" | "green">): string {
  const cases = report.cases.map((test) => [test.id, test.status]).toSorted((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
  const findings = report.findings.map((finding) => [finding.code, finding.blocking]);
  return createHash("sha256")
    .update(JSON.stringify([report.commitSha, report.outcome, report.totals, cases, findings, report.green]))
    .digest("hex");
}
