import type { Attempt } from "#graphs/engineering/state.ts";
import type { TestCase, TestReport } from "#ports/tests.ts";

export interface ReworkFacts {
  attempt: Attempt;
  /** Null when no test was run. */
  report: Pick<TestReport, "cases" | "outcome" | "logTail" | "exitCode"> | null;
  /** What the attempt changed, as a unified diff. */
  diff: string;
  /** The attempt before failed in the same way. */
  sameAsBefore: boolean;
  roundsLeft: number;
}

/** Characters per part; together about 6,000 tokens. */
const LIMITS = { full: 3_000, others: 3_000, log: 4_000, diff: 8_000 } as const;
const IN_FULL = 3;

/** What the developer learns from a red round: facts from the harness, never a raw log, never the developer's own words. */
export function reworkPacket({ attempt, report, diff, sameAsBefore, roundsLeft }: ReworkFacts): string {
  const parts = [`Round ${attempt.round} is not green. ${headline(attempt)}`];
  const findings = attempt.findings.filter((finding) => finding.blocking);
  if (findings.length > 0) parts.push(`Why:\n${findings.map((finding) => `- ${finding.message}`).join("\n")}`);
  if (report !== null) parts.push(...failures(report));
  if (diff.trim() !== "") parts.push(`What you had changed (it is still there):\n\`\`\`diff\n${cut(diff, LIMITS.diff)}\n\`\`\``);
  if (sameAsBefore)
    parts.push(
      "The round before failed in exactly the same way, so the last change did not touch the cause. Say in one sentence what the cause must be, check it with a tool, and only then change something else than before.",
    );
  parts.push(
    `Repair the cause, run the tests, call finish. ${roundsLeft === 0 ? "This is the last round." : `After this one there ${roundsLeft === 1 ? "is 1 round" : `are ${roundsLeft} rounds`} left.`}`,
  );
  return parts.join("\n\n");
}

function headline({ changed, outcome, totals }: Attempt): string {
  if (!changed) return "Nothing was changed since the last commit, so no test was run.";
  if (outcome === "passed" || outcome === "failed")
    return `Slipway ran the tests at your commit: ${totals.executed} executed, ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped.`;
  return `Slipway ran the tests at your commit: ${outcome.replaceAll("_", " ")}.`;
}

function failures(report: NonNullable<ReworkFacts["report"]>): string[] {
  const failing = report.cases.filter((each) => each.status === "failed").toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (failing.length === 0)
    return report.outcome === "passed" ? [] : [`End of the output (exit code ${report.exitCode}):\n\`\`\`\n${cut(report.logTail, LIMITS.log)}\n\`\`\``];
  const table = [
    "| # | test | file |",
    "| --- | --- | --- |",
    ...failing.slice(0, 30).map((each, index) => `| ${index + 1} | ${each.title.replaceAll("|", "\\|")} | ${each.file ?? ""} |`),
  ];
  const full = failing.slice(0, IN_FULL).map((each) => `### ${each.title}\n\`\`\`\n${cut(each.message ?? "(no message)", LIMITS.full)}\n\`\`\``);
  const others = failing.slice(IN_FULL).map((each) => `- ${each.title}: ${firstLine(each)}`);
  return [table.join("\n"), ...full, ...(others.length > 0 ? [cut(others.join("\n"), LIMITS.others)] : [])];
}

function firstLine({ message }: TestCase): string {
  return (
    (message ?? "")
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim()
      .slice(0, 200) ?? ""
  );
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor(limit / 2);
  return `${text.slice(0, half)}\n[… ${text.length - limit} characters left out …]\n${text.slice(-half)}`;
}
