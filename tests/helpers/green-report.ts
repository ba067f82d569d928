import { randomUUID } from "node:crypto";
import type { TestReport } from "#ports/tests.ts";

/** What a passing run of a commit's tests reports. */
export function greenReport(of: Pick<TestReport, "projectId" | "deliveryId" | "commitSha">): TestReport {
  return {
    id: randomUUID(),
    ...of,
    command: "node --test",
    outcome: "passed",
    exitCode: 0,
    totals: { executed: 3, passed: 3, failed: 0, skipped: 0 },
    cases: [],
    findings: [],
    green: true,
    digest: "d",
    durationMs: 1,
    logTail: "",
    sandbox: "namespaces",
  };
}
