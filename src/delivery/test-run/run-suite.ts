import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { RunnerPlan } from "./command-plan.ts";
import { dependencyBinds, HARNESS, projectBind, type RunnerContext } from "./harness-files.ts";
import { runReported } from "./run-reported.ts";
import { caseIds, failureText, type RunnerOutcome } from "./runner-outcome.ts";

export interface SuiteRun extends RunnerContext {
  sandbox: Sandbox;
  plan: RunnerPlan & { runner: "vitest" | "jest" };
  folder: string;
  /** The installed node_modules, or null. */
  dependencies: string | null;
}

const ENTRY = { vitest: "vitest/vitest.mjs", jest: "jest/bin/jest.js" } as const;

/** vitest or jest as installed from the lockfile, with the harness's reporter in their main process; tests run in their workers. */
export async function runSuite(run: SuiteRun): Promise<RunnerOutcome> {
  const { sandbox, plan } = run;
  const outcome: RunnerOutcome = { exitCode: 1, reason: "exited", limit: null, cases: [], findings: [], counted: null };
  const entry = ENTRY[plan.runner];
  const installed = run.dependencies !== null && (await stat(join(run.dependencies, entry)).catch(() => null)) !== null;
  if (!installed) {
    outcome.findings.push({
      code: "runner_changed",
      blocking: true,
      message: `The test command needs ${plan.runner}, which is not among the installed dependencies. Use node --test, or add it to package.json and its lockfile.`,
    });
    return outcome;
  }
  const project = projectBind(run.folder);
  const root = sandbox.inside(project);
  const harness = sandbox.inside(HARNESS);
  const options =
    plan.runner === "vitest"
      ? ["run", "--configLoader=runner", `--reporter=${harness}/vitest-reporter.mjs`, "--watch=false", "--coverage.enabled=false"]
      : ["--ci", `--reporters=${harness}/jest-reporter.cjs`, "--cacheDirectory=/tmp/jest-cache", "--watchman=false", "--coverage=false"];
  const { result, channel, tail } = await runReported(run, {
    argv: [sandbox.toolchain.node, `${root}/node_modules/${entry}`, ...options, ...plan.paths],
    project,
    binds: dependencyBinds(run.dependencies),
  });
  [outcome.exitCode, outcome.reason, outcome.limit] = [result.exitCode, result.reason, result.limit];
  const idOf = caseIds();
  const add = (file: string | null, title: string, status: "passed" | "failed" | "skipped", message: string | null, durationMs: number | null): void => {
    outcome.cases.push({ id: idOf(file, title), file, title, status, durationMs, message: failureText(message, root) });
  };
  for (const record of channel.records) {
    if (record.kind === "case") add(record.file ?? null, record.title ?? "", record.status, record.message, record.durationMs);
    else if (record.kind === "end") outcome.counted = { passed: record.passed, failed: record.failed, skipped: record.skipped };
  }
  if (channel.strangers > 0)
    outcome.findings.push({
      code: "report_forged",
      blocking: true,
      message: `The project wrote ${channel.strangers} line(s) of its own to the harness's report.`,
    });
  if (result.reason === "exited" && outcome.counted === null) {
    if (result.exitCode === 0)
      outcome.findings.push({ code: "exit_code", blocking: true, message: "The runner ended with exit code 0 before the tests had finished." });
    add(null, "(the run did not finish)", "failed", tail || `It ended with exit code ${result.exitCode}.`, result.durationMs);
    if (outcome.exitCode === 0) outcome.exitCode = 1;
  }
  return outcome;
}
