import type { TestFinding } from "#ports/tests.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { RunnerPlan } from "./command-plan.ts";
import { HARNESS, projectBind, type RunnerContext } from "./harness-files.ts";
import { runReported } from "./run-reported.ts";
import { caseIds, failureText, type RunnerOutcome } from "./runner-outcome.ts";

export interface PythonRun extends RunnerContext {
  sandbox: Sandbox;
  python: string;
  plan: RunnerPlan & { runner: "unittest" | "pytest" };
  folder: string;
}

/** unittest or pytest in one isolated interpreter, started by the harness's own script. */
export async function runPythonTests(run: PythonRun): Promise<RunnerOutcome> {
  const { sandbox, plan } = run;
  const project = projectBind(run.folder);
  const input =
    plan.runner === "pytest"
      ? { paths: plan.paths }
      : { start: plan.start, pattern: plan.pattern, top: plan.top, names: plan.names, files: plan.names.map((name) => `${name.replaceAll(".", "/")}.py`) };
  const { result, channel, tail } = await runReported(run, {
    // -I: no variables, no user folder, no current folder; -B: nothing is written beside the sources
    argv: [run.python, "-I", "-B", `${sandbox.inside(HARNESS)}/run_${plan.runner}.py`],
    project,
    input: `${JSON.stringify(input)}\n`,
  });

  const outcome: RunnerOutcome = { exitCode: result.exitCode, reason: result.reason, limit: result.limit, cases: [], findings: [], counted: null };
  const root = sandbox.inside(project);
  const idOf = caseIds();
  const add = (file: string | null, title: string, status: "passed" | "failed" | "skipped", message: string | null, durationMs: number | null): void => {
    outcome.cases.push({ id: idOf(file, title), file, title, status, durationMs, message: failureText(message, root) });
  };
  const block = (code: TestFinding["code"], message: string): void => void outcome.findings.push({ code, blocking: true, message });
  const expected: { file: string; title: string }[] = [];
  let exited = false;
  for (const record of channel.records) {
    if (record.kind === "case") {
      const name = record.name ?? "";
      add(record.file ?? null, titleOf(name, record.file ?? null), record.status, record.message, record.durationMs);
    } else if (record.kind === "expect") {
      // told once, before the project's first line: a second telling is not ours
      if (expected.length === 0) for (const [file, titles] of Object.entries(record.files)) expected.push(...titles.map((title) => ({ file, title })));
    } else if (record.kind === "deselected")
      block("test_skipped", `Collected tests were taken out again by the project's configuration: ${record.names.slice(0, 5).join(", ")}.`);
    else if (record.kind === "forged") block("report_forged", `The outcome of ${record.name} was changed from failed to passed by the project's own hooks.`);
    else if (record.kind === "end") outcome.counted = { passed: record.passed, failed: record.failed, skipped: record.skipped };
    else exited = true;
  }
  if (channel.strangers > 0) block("report_forged", `The project wrote ${channel.strangers} line(s) of its own to the harness's report.`);
  if (result.reason === "exited" && !exited) {
    if (result.exitCode === 0) block("exit_code", "The process ended with exit code 0 before the tests had finished (os._exit or the like).");
    add(null, "(the run did not finish)", "failed", tail || `It ended with exit code ${result.exitCode}.`, result.durationMs);
    outcome.counted = null;
    if (outcome.exitCode === 0) outcome.exitCode = 1;
  } else if (result.reason === "exited") {
    for (const message of unheard(expected, outcome)) block("test_skipped", message);
  }
  return outcome;
}

/** `tests.test_app.AppTest.test_x` or `tests/test_app.py::AppTest::test_x` without what the file already says. */
function titleOf(name: string, file: string | null): string {
  if (file === null) return name;
  if (name.startsWith(`${file}::`)) return name.slice(file.length + 2).replaceAll("::", ".");
  const module = file.replace(/\.py$/, "").replaceAll("/", ".");
  const at = name.indexOf(`${module.split(".").at(-1) ?? module}.`);
  return at === -1 ? name : name.slice(at + (module.split(".").at(-1) ?? module).length + 1);
}

/** Tests that stand in the files and were not heard of, neither as run nor as skipped nor as an import that failed. */
function unheard(expected: readonly { file: string; title: string }[], outcome: RunnerOutcome): string[] {
  // a class that failed in setUpClass or a module that failed to load is told as one failure: the run is red anyway
  if (outcome.cases.some((test) => test.status === "failed")) return [];
  const heard = new Set(outcome.cases.map((test) => `${test.file ?? ""}::${test.title.replace(/\[.*\]$/s, "").replace(/ \(.*\)$/s, "")}`));
  const silent = expected.filter(({ file, title }) => !heard.has(`${file}::${title}`));
  const files = new Map<string, string[]>();
  for (const { file, title } of silent) files.set(file, [...(files.get(file) ?? []), title]);
  return [...files].map(([file, titles]) => {
    const wholly = !outcome.cases.some((test) => test.file === file);
    return wholly
      ? `${file} defines ${titles.length} test(s) but was not collected. A folder of tests needs an __init__.py, and a file's name must match the pattern.`
      : `${file} defines tests that did not run: ${titles.slice(0, 5).join(", ")}.`;
  });
}
