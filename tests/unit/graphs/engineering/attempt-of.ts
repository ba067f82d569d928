import type { Attempt } from "#graphs/engineering/state.ts";

/** A red attempt with the given differences. */
export function attemptOf(differences: Partial<Attempt> = {}): Attempt {
  return {
    round: 1,
    commit_sha: "c".repeat(40),
    tree_sha: "t".repeat(40),
    changed: true,
    report_id: "r",
    outcome: "failed",
    green: false,
    totals: { executed: 2, passed: 1, failed: 1, skipped: 0 },
    failing: ["a"],
    fingerprint: "f",
    findings: [],
    ...differences,
  };
}
