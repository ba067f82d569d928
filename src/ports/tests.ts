import type { Stack } from "./projects.ts";

export type CaseStatus = "passed" | "failed" | "skipped";

export interface TestCase {
  /** Stable over runs: file and full title. */
  id: string;
  file: string | null;
  title: string;
  status: CaseStatus;
  durationMs: number | null;
  /** Assertion message and stack of a failure, paths relative to the project, at most 4,000 characters. */
  message: string | null;
}

export type TestOutcome = "passed" | "failed" | "no_tests" | "crashed" | "timeout" | "out_of_memory" | "unparsed" | "infrastructure";

/** One reason why a run is not green, or is suspicious. `blocking` findings close the gate. */
export interface TestFinding {
  code:
    | "exit_code"
    | "no_tests"
    | "totals_disagree"
    | "test_removed"
    | "test_skipped"
    | "runner_changed"
    | "report_forged"
    | "only_used"
    | "limits"
    | "unparsed";
  blocking: boolean;
  message: string;
}

export interface TestReport {
  id: string;
  projectId: string;
  deliveryId: string | null;
  commitSha: string;
  command: string;
  outcome: TestOutcome;
  exitCode: number | null;
  totals: { executed: number; passed: number; failed: number; skipped: number };
  cases: TestCase[];
  findings: TestFinding[];
  /** The gate (docs/decisions/0007): exit 0, at least one test executed, totals agree, nothing removed or skipped against the baseline. */
  green: boolean;
  /** sha256 over commit, outcome, totals and cases; durations excluded. */
  digest: string;
  durationMs: number;
  /** Tail of the raw log, at most 8,000 characters; the whole log is an artifact. */
  logTail: string;
  sandbox: string;
}

export interface TestsPort {
  /**
   * Runs the project's tests at a commit, in a fresh worktree, in the sandbox. Never trusts a word of the project: the runner and its
   * reporter are the harness's own. Idempotent per `reportId`: a report that is stored for it is answered as it is.
   * Infrastructure failures throw `test_infrastructure` (they are retried and never cost an iteration).
   */
  run(input: {
    reportId: string;
    projectId: string;
    deliveryId: string | null;
    commitSha: string;
    stack: Stack;
    command: string;
    /** Report of the base commit: what was there may not vanish. */
    baselineReportId: string | null;
    signal?: AbortSignal;
  }): Promise<TestReport>;
  get(reportId: string): Promise<TestReport | null>;
}
