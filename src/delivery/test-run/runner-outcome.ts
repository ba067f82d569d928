import type { TestCase, TestFinding } from "#ports/tests.ts";
import type { SandboxResult } from "../sandbox/sandbox.ts";

/** What a runner brought home, before it is judged. */
export interface RunnerOutcome {
  /** Null when the runner did not exit by itself. */
  exitCode: number | null;
  /** How the program ended that ended worst. */
  reason: SandboxResult["reason"];
  limit: string | null;
  cases: TestCase[];
  findings: TestFinding[];
  /** Totals as the runner counted them itself; null when it did not come to count. */
  counted: { passed: number; failed: number; skipped: number } | null;
}

const LONGEST_MESSAGE = 4_000;

/** Text of a failure as it may be stored and shown: paths relative to the project, no colours, bounded. */
export function failureText(message: string | null, root: string): string | null {
  if (message === null) return null;
  const plain = message.replaceAll(`file://${root}/`, "").replaceAll(`${root}/`, "").replaceAll("\0", "").toWellFormed();
  return plain.length > LONGEST_MESSAGE ? `${plain.slice(0, LONGEST_MESSAGE - 1)}…` : plain;
}

/** Gives cases of one file and title numbers from the second on, so that an id means the same test in every run. */
export function caseIds(): (file: string | null, title: string) => string {
  const seen = new Map<string, number>();
  return (file, title) => {
    const key = `${file ?? ""}::${title}`.slice(0, 1_000);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key} #${count}`;
  };
}
