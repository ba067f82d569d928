import { createHash } from "node:crypto";
import type { Attempt, Finding } from "#graphs/engineering/state.ts";
import type { TestReport } from "#ports/tests.ts";
import { stableText } from "./stable-text.ts";

export interface VerdictFacts {
  report: TestReport;
  /** Tests of the base commit. */
  baseTests: readonly string[];
  /** Every test that ran in this delivery, the base commit's included. */
  knownTests: readonly string[];
}

/**
 * Green is what the harness says, and two things it cannot know because it sees one commit at a time: a test that ran in an earlier round
 * must still run, and a delivery must bring tests of its own. Nothing the developer says is read.
 */
export function verdict({
  report,
  baseTests,
  knownTests,
}: VerdictFacts): Pick<Attempt, "green" | "findings" | "failing" | "fingerprint" | "outcome" | "totals"> {
  const executed = new Set(executedTests(report));
  const findings: Finding[] = [...report.findings];
  if (report.green) {
    const vanished = knownTests.filter((id) => !executed.has(id));
    if (vanished.length > 0)
      findings.push({
        code: "test_removed",
        blocking: true,
        message: `Tests that ran in an earlier round do not run any more: ${names(vanished)}. Bring them back under the same names; if one was wrong, repair its body.`,
      });
    const own = [...executed].filter((id) => !baseTests.includes(id));
    if (own.length === 0)
      findings.push({
        code: "no_new_tests",
        blocking: true,
        message: "No test was added, so nothing shows that the acceptance criteria are met. Write tests for them.",
      });
  }
  const failed = report.cases.filter((each) => each.status === "failed").toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const failing = failed.map((each) => each.id);
  const top = failed[0]?.message?.split("\n").find((line) => line.trim() !== "") ?? "";
  const blocking = findings.filter((finding) => finding.blocking);
  const print = JSON.stringify([report.outcome, failing, stableText(top), blocking.map((finding) => finding.code).toSorted()]);
  return {
    green: report.green && blocking.length === 0,
    findings,
    failing,
    fingerprint: createHash("sha256").update(print).digest("hex").slice(0, 16),
    outcome: report.outcome,
    totals: report.totals,
  };
}

/** Ids of the tests that ran. A title in parentheses is the harness's own remark about a file, not a test that could vanish. */
export function executedTests({ cases }: Pick<TestReport, "cases">): string[] {
  return cases.filter((each) => each.status !== "skipped" && !each.title.startsWith("(")).map((each) => each.id);
}

function names(ids: readonly string[]): string {
  const shown = ids
    .slice(0, 8)
    .map((id) => `"${id}"`)
    .join(", ");
  return ids.length > 8 ? `${shown} and ${ids.length - 8} more` : shown;
}
