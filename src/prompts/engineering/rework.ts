import type { Attempt } from "#graphs/engineering/state.ts";
import type { TestCase, TestReport } from "#ports/tests.ts";

export interface ReworkFacts {
  attempt: Attempt;
  /** Null when no test was run. */
  report: Pick<TestReport, "cases" | "outcome" | "logTail" | "exitCode"> | null;
  /** Numbered lines of the project around a failure, by case id. */
  sources?: Readonly<Record<string, { path: string; text: string }>>;
  /** What the attempt changed, as a unified diff. */
  diff: string;
  /** The attempt before failed in the same way. */
  sameAsBefore: boolean;
  roundsLeft: number;
}

/** Characters per part; together about 6,000 tokens. */
const LIMITS = { full: 2_500, source: 1_500, others: 2_500, log: 4_000, diff: 8_000 } as const;
export const SHOWN_IN_FULL = 3;

/** What the developer learns from a red round: facts from the harness, never a raw log, never the developer's own words. */
export function reworkPacket({ attempt, report, sources = {}, diff, sameAsBefore, roundsLeft }: ReworkFacts): string {
  const parts = [`Round ${attempt.round} is not green. ${headline(attempt)}`];
  const named = report !== null && failingCases(report).length > 0;
  // beside tests that failed by name, the exit code says nothing
  const findings = attempt.findings.filter((finding) => finding.blocking && !(named && finding.code === "exit_code"));
  if (findings.length > 0) parts.push(`Why:\n${findings.map((finding) => `- ${finding.message}`).join("\n")}`);
  if (report !== null) parts.push(...failures(report, sources));
  if (diff.trim() !== "") parts.push(`What you had changed (it is still there):\n\`\`\`diff\n${cut(withoutHashes(diff), LIMITS.diff)}\n\`\`\``);
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

function failures(report: NonNullable<ReworkFacts["report"]>, sources: NonNullable<ReworkFacts["sources"]>): string[] {
  const failing = failingCases(report);
  if (failing.length === 0)
    return report.outcome === "passed" ? [] : [`End of the output (exit code ${report.exitCode}):\n\`\`\`\n${cut(report.logTail, LIMITS.log)}\n\`\`\``];
  const table = [
    "| # | test | file |",
    "| --- | --- | --- |",
    ...failing.slice(0, 30).map((each, index) => `| ${index + 1} | ${each.title.replaceAll("|", "\\|")} | ${each.file ?? ""} |`),
  ];
  const full = failing.slice(0, SHOWN_IN_FULL).map((each) => inFull(each, sources[each.id]));
  const others = failing.slice(SHOWN_IN_FULL).map((each) => `- ${each.title}: ${firstLine(each)}`);
  return [table.join("\n"), ...full, ...(others.length > 0 ? [cut(others.join("\n"), LIMITS.others)] : [])];
}

/** In the order of the packet. */
export function failingCases({ cases }: Pick<TestReport, "cases">): TestCase[] {
  return cases.filter((each) => each.status === "failed").toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function inFull({ title, message }: TestCase, source: { path: string; text: string } | undefined): string {
  const shown = `### ${title}\n\`\`\`\n${cut(withoutRuntime(message ?? "(no message)"), LIMITS.full)}\n\`\`\``;
  return source === undefined ? shown : `${shown}\n${source.path}:\n\`\`\`\n${cut(source.text, LIMITS.source)}\n\`\`\``;
}

/** Frames of Node itself say nothing about the project and differ between versions. */
function withoutRuntime(message: string): string {
  return message.replaceAll(/^[ \t]*at [^\n]*\bnode:[a-z][^\n]*\n?/gm, "").trimEnd();
}

function withoutHashes(diff: string): string {
  return diff.replaceAll(/^index [0-9a-f]+\.\.[0-9a-f]+.*\n/gm, "");
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
