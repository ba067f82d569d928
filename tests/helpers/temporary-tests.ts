import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestCase, TestFinding, TestReport, TestsPort } from "#ports/tests.ts";

/** Stand-in until the harness is there. */
export function temporaryTests(dataDir: string): TestsPort {
  const reports = new Map<string, TestReport>();
  return {
    get: async (id) => reports.get(id) ?? null,
    async run(input) {
      const known = reports.get(input.reportId);
      if (known) return known;
      const dir = mkdtempSync(join(tmpdir(), "slipway-tests-"));
      const tar = execFileSync("git", ["--git-dir", join(dataDir, "projects", input.projectId, "repo.git"), "archive", input.commitSha]);
      execFileSync("tar", ["-x", "-C", dir], { input: tar });
      const { NODE_TEST_CONTEXT: _1, NODE_OPTIONS: _2, ...env } = process.env;
      const out = spawnSync(process.execPath, ["--test", "--test-reporter=tap"], { cwd: dir, encoding: "utf8", env });
      rmSync(dir, { recursive: true, force: true });
      const cases: TestCase[] = [];
      const lines = out.stdout.split("\n");
      for (const [index, line] of lines.entries()) {
        const hit = /^ *(not )?ok \d+ - (.*?)( # SKIP.*)?$/.exec(line);
        if (!hit || hit[2]?.endsWith(".js")) continue;
        const message = hit[1] ? lines.slice(index + 1, index + 20).join("\n") : null;
        cases.push({ id: hit[2] ?? "", file: null, title: hit[2] ?? "", status: hit[1] ? "failed" : hit[3] ? "skipped" : "passed", durationMs: 1, message });
      }
      const count = (status: string) => cases.filter((each) => each.status === status).length;
      const findings: TestFinding[] = [];
      if (out.status !== 0) findings.push({ code: "exit_code", blocking: true, message: `exit ${out.status}` });
      if (count("passed") + count("failed") === 0) findings.push({ code: "no_tests", blocking: true, message: "no test was executed" });
      if (count("skipped") > 0) findings.push({ code: "test_skipped", blocking: true, message: "a test was skipped" });
      const report: TestReport = {
        id: input.reportId, projectId: input.projectId, deliveryId: input.deliveryId, commitSha: input.commitSha, command: input.command,
        outcome: cases.length === 0 ? "no_tests" : count("failed") > 0 ? "failed" : "passed", exitCode: out.status,
        totals: { executed: count("passed") + count("failed"), passed: count("passed"), failed: count("failed"), skipped: count("skipped") },
        cases, findings, green: findings.length === 0, digest: "", durationMs: 1, logTail: out.stdout.slice(-2000), sandbox: "none",
      };
      reports.set(report.id, report);
      return report;
    },
  };
}
