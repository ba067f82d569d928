import { availableParallelism } from "node:os";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { RunnerPlan } from "./command-plan.ts";
import { dependencyBinds, HARNESS, projectBind, type RunnerContext } from "./harness-files.ts";
import { findNodeTests, type NodeTestFile } from "./node-files.ts";
import { type ReportedRun, runReported } from "./run-reported.ts";
import { caseIds, failureText, type RunnerOutcome } from "./runner-outcome.ts";

export interface NodeRun extends RunnerContext {
  sandbox: Sandbox;
  plan: RunnerPlan & { runner: "node" };
  /** The installed node_modules, or null. */
  dependencies: string | null;
  /** The commit's files, for finding tests. */
  folder: string;
  /** A fresh copy of them for one test file: what a test writes, no other sees. */
  withCopy<Result>(index: number, work: (folder: string) => Promise<Result>): Promise<Result>;
}

interface FileRun extends ReportedRun {
  file: NodeTestFile;
}

/**
 * node:test, one process and one sandbox per test file as `node --test` does, but with the harness as the parent: no program inside can write
 * for another file, and no text on stdout counts.
 */
export async function runNodeTests(run: NodeRun): Promise<RunnerOutcome> {
  const files = await findNodeTests(run.folder, run.plan.paths);
  const runs: FileRun[] = [];
  const queue = files.entries();
  const work = async (): Promise<void> => {
    for (const [index, file] of queue) {
      runs.push(await run.withCopy(index, (folder) => runFile(run, file, folder)));
      if (run.signal?.aborted === true || Date.now() >= run.deadline || run.outputLeft() <= 0) break;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(4, availableParallelism())) }, work));
  return collect(
    files,
    runs.toSorted((a, b) => (a.file.path < b.file.path ? -1 : 1)),
    run.sandbox.inside(projectBind(run.folder)),
  );
}

async function runFile(run: NodeRun, file: NodeTestFile, folder: string): Promise<FileRun> {
  const harness = run.sandbox.inside(HARNESS);
  const reported = await runReported(run, {
    argv: [
      run.sandbox.toolchain.node,
      "--import",
      `${harness}/node-start.mjs`,
      "--test-reporter",
      `${harness}/node-reporter.mjs`,
      "--test-reporter-destination",
      "stderr",
      ...run.plan.flags,
      `./${file.path}`,
    ],
    project: projectBind(folder),
    binds: dependencyBinds(run.dependencies),
  });
  return { file, ...reported };
}

function collect(files: readonly NodeTestFile[], runs: readonly FileRun[], root: string): RunnerOutcome {
  const outcome: RunnerOutcome = { exitCode: 0, reason: "exited", limit: null, cases: [], findings: [], counted: { passed: 0, failed: 0, skipped: 0 } };
  const idOf = caseIds();
  for (const { file, result, channel, tail } of runs) {
    const add = (title: string, status: "passed" | "failed" | "skipped", message: string | null, durationMs: number | null): void => {
      outcome.cases.push({ id: idOf(file.path, title), file: file.path, title, status, durationMs, message: failureText(message, root) });
    };
    let cases = 0;
    let ended = false;
    let exited = false;
    for (const record of channel.records) {
      if (record.kind === "case") {
        cases += 1;
        add(record.title ?? "", record.status, record.message, record.durationMs);
      } else if (record.kind === "end") {
        ended = true;
        if (outcome.counted !== null) for (const key of ["passed", "failed", "skipped"] as const) outcome.counted[key] += record[key];
      } else if (record.kind === "exit") exited = true;
    }
    if (channel.strangers > 0)
      outcome.findings.push({
        code: "report_forged",
        blocking: true,
        message: `${file.path} wrote ${channel.strangers} line(s) of its own to the harness's report.`,
      });
    if (file.usesOnly)
      outcome.findings.push({ code: "only_used", blocking: true, message: `${file.path} uses .only, which leaves other tests out. Remove it.` });
    if (result.reason !== "exited") {
      [outcome.reason, outcome.exitCode, outcome.limit] = [result.reason, null, `${file.path}: ${result.limit ?? result.reason}`];
      add(
        "(the file did not end by itself)",
        "failed",
        `${result.limit ?? "It was killed."}${cases > 0 ? " Every test seen had ended: something (a server, a timer) keeps the process alive." : ""}\n${tail}`,
        result.durationMs,
      );
      if (outcome.counted !== null) outcome.counted.failed += 1;
    } else {
      if (result.exitCode !== 0 && outcome.exitCode !== null) outcome.exitCode = result.exitCode;
      if (!ended && (cases > 0 || file.declaresTests || result.exitCode !== 0 || !exited)) {
        const early = result.exitCode === 0;
        if (early)
          outcome.findings.push({
            code: "exit_code",
            blocking: true,
            message: `${file.path} ended its process before its tests had finished. A test may not call process.exit().`,
          });
        add(
          "(the file did not finish)",
          "failed",
          early ? "The process was ended with exit code 0 before the tests had finished; process.exit() may not be called in tests." : tail,
          result.durationMs,
        );
        if (outcome.counted !== null) outcome.counted.failed += 1;
      } else if (cases === 0 && file.declaresTests) {
        outcome.findings.push({ code: "no_tests", blocking: true, message: `${file.path} ran no test although it looks as if it had some.` });
      }
    }
  }
  const missing = files.length - runs.length;
  if (missing > 0)
    outcome.findings.push({
      code: "limits",
      blocking: true,
      message: `${missing} test file(s) were not started: the time or output of the whole run was used up.`,
    });
  return outcome;
}
