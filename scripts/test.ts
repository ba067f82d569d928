/**
 * Runs the test projects and closes with one line, `N passed, N failed` (`, N skipped` when some were), which is what CI reads. Above it
 * stands a line for each kind of test that was left out, with the reason.
 *
 *   npm test                                  unit, integration, conformance and browser
 *   npm test -- --project chaos               one project
 *   npm test -- tests/unit/foo.test.ts        files, passed on to vitest
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { z } from "zod";

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
  testResults: z.array(z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) })),
});
type Report = z.infer<typeof Report>;

/** One line per file and reason; the reason stands in the names (see `tests/helpers/unless.ts`). */
function leftOut(report: Report): string[] {
  const kinds = new Map<string, number>();
  for (const file of report.testResults) {
    for (const { fullName, status } of file.assertionResults) {
      if (status === "passed" || status === "failed") continue;
      const reason = /\[left out: (.*)\]/.exec(fullName)?.[1] ?? "no reason given";
      const kind = `${relative(process.cwd(), file.name)}: ${reason}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
  return [...kinds].map(([kind, count]) => `skipped ${count} in ${kind}`);
}

const given = process.argv.slice(2);
const projects = given.includes("--project") ? [] : ["unit", "integration", "conformance", "browser"].flatMap((name) => ["--project", name]);
const directory = mkdtempSync(join(tmpdir(), "slipway-test-"));
const reportFile = join(directory, "report.json");

const child = spawn(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", ...projects, "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`, ...given],
  { stdio: "inherit" },
);
const code = await new Promise<number>((done) => child.on("exit", (exitCode, signal) => done(signal === null ? (exitCode ?? 1) : 1)));

let failed = 0;
try {
  const report = Report.parse(JSON.parse(readFileSync(reportFile, "utf8")));
  // a file that could not be collected has no failed assertion of its own
  const brokenFiles = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  failed = report.numFailedTests + brokenFiles;
  if (failed === 0 && code !== 0) failed = 1;
  const skipped = report.numPendingTests + report.numTodoTests;
  // a run of some tests by name leaves out all others, and whoever asked for it knows
  if (!given.includes("-t")) for (const line of leftOut(report)) console.log(line);
  console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
} catch {
  failed = 1;
  console.log("0 passed, 1 failed");
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(failed === 0 && code === 0 ? 0 : 1);
