import { randomBytes } from "node:crypto";
import { constants, cp, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { AppError, isAppError } from "#errors";
import type { Database } from "#db/client.ts";
import type { TestReport, TestsPort } from "#ports/tests.ts";
import { BoundedLog } from "../bounded-log.ts";
import { removeTree } from "../remove-tree.ts";
import { exportTree, requireCommit } from "../git/repository.ts";
import { requireDiskSpace } from "../sandbox/disk.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { checkedId, workspacesLayout } from "../workspaces/layout.ts";
import { planCommand, type CommandPlan } from "./command-plan.ts";
import { judge, reportDigest } from "./gate.ts";
import { findReport, saveReport } from "./report-store.ts";
import { runNodeTests } from "./run-node.ts";
import { runSuite } from "./run-suite.ts";
import { runPythonTests } from "./run-python.ts";
import type { RunnerContext } from "./harness-files.ts";
import type { RunnerOutcome } from "./runner-outcome.ts";
import { openWholeLog } from "./whole-log.ts";

export interface TestsOptions {
  database: Database;
  dataDir: string;
  sandbox: Sandbox;
  /** Hides secret values in logs and messages. */
  mask?: (text: string) => string;
  /**
   * Gives the node_modules that a stage of its own installed from the lockfile of this commit (absolute path, read only), or null when
   * there is none. Without it projects have no dependencies.
   */
  dependencies?: (input: { projectId: string; commitSha: string; folder: string }) => Promise<string | null>;
  /** Longest time of one whole run. */
  wallMs?: number;
  /** Most bytes a whole run may print. */
  outputBytes?: number;
}

type RunInput = Parameters<TestsPort["run"]>[0];

const DEFAULT_WALL_MS = 180_000;
const DEFAULT_OUTPUT_BYTES = 20 * 1024 * 1024;
const LOG_TAIL = 8_000;
const STALE_FOLDER_MS = 60 * 60_000;

/**
 * Test runs at a commit: files exported fresh, the harness's own runner in the sandbox, the gate, the report stored once. A run leaves nothing but
 * its report and its log; folders of a killed process are removed by a later run.
 */
export function createTests({
  database,
  dataDir,
  sandbox,
  mask = (text) => text,
  dependencies,
  wallMs = DEFAULT_WALL_MS,
  outputBytes = DEFAULT_OUTPUT_BYTES,
}: TestsOptions): TestsPort {
  const layout = workspacesLayout(dataDir);
  const runs = join(resolve(dataDir), "test-runs");

  return {
    get: (reportId) => findReport(database, reportId),
    async run(input) {
      const known = await findReport(database, input.reportId);
      if (known !== null) return known;
      const baseline = input.baselineReportId === null ? null : await findReport(database, input.baselineReportId);
      if (input.baselineReportId !== null && baseline === null) {
        throw new AppError(
          "test_infrastructure",
          `The report of the base commit (${input.baselineReportId}) is not stored, so nothing can be compared with it.`,
        );
      }
      const repository = layout.repository(input.projectId);
      const commitSha = await requireCommit(repository, input.commitSha);
      const folder = join(runs, `${checkedId(input.reportId)}-${randomBytes(4).toString("hex")}`);
      const log = new BoundedLog(LOG_TAIL * 8);
      const wholeLog = await openWholeLog(dataDir, input.reportId);
      const began = Date.now();
      let printed = 0;
      const context: RunnerContext = {
        deadline: began + wallMs,
        identity: input.reportId,
        ...(input.signal === undefined ? {} : { signal: input.signal }),
        log: (chunk) => {
          printed += chunk.length;
          log.add(chunk);
          wholeLog.add(chunk);
        },
        outputLeft: () => outputBytes - printed,
      };
      try {
        await removeStale(runs);
        await mkdir(folder, { recursive: true, mode: 0o755 });
        const files = join(folder, "files");
        await exportTree(repository, commitSha, files);
        const { plan, findings } = planCommand(input.command, input.stack, await packageScripts(files));
        if (input.stack === "node") findings.push(...(await bundledRunner(files)));
        const modules = (await dependencies?.({ projectId: input.projectId, commitSha, folder: files })) ?? null;
        const outcome = await runPlan(plan, context, folder, files, modules);
        input.signal?.throwIfAborted();
        // a program that ran out of room has failed for a reason that is not its own
        await requireDiskSpace(runs);
        const judged = judge({ ...outcome, findings: [...findings, ...outcome.findings] }, baseline);
        const cases = outcome.cases.map((test) => ({ ...test, message: test.message === null ? null : mask(test.message) }));
        const report: TestReport = {
          id: input.reportId,
          projectId: input.projectId,
          deliveryId: input.deliveryId,
          commitSha,
          command: input.command,
          ...judged,
          exitCode: outcome.exitCode,
          cases,
          digest: reportDigest({ commitSha, ...judged, cases }),
          durationMs: Date.now() - began,
          logTail: mask(log.text()).slice(-LOG_TAIL).toWellFormed(),
          sandbox: sandbox.level,
        };
        return await saveReport(database, report);
      } catch (error) {
        throw infrastructure(error, input);
      } finally {
        await wholeLog.close();
        await removeTree(folder);
      }
    },
  };

  async function runPlan(plan: CommandPlan["plan"], context: RunnerContext, folder: string, files: string, modules: string | null): Promise<RunnerOutcome> {
    if (plan.runner === "vitest" || plan.runner === "jest") return runSuite({ ...context, sandbox, plan, folder: files, dependencies: modules });
    if (plan.runner === "node") {
      return runNodeTests({
        ...context,
        sandbox,
        plan,
        dependencies: modules,
        folder: files,
        withCopy: async (index, work) => {
          const copy = join(folder, `copy-${index}`);
          await cp(files, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
          try {
            return await work(copy);
          } finally {
            await removeTree(copy);
          }
        },
      });
    }
    const python = sandbox.toolchain.python;
    if (python === null)
      throw new AppError(
        "test_infrastructure",
        "This project is written in Python, and there is no python3 (3.8 or newer) on this machine. Install it and run again.",
      );
    return runPythonTests({ ...context, sandbox, python, plan, folder: files });
  }
}

/** Everything that is not the project's doing is retried and never counted against it. */
function infrastructure(error: unknown, input: RunInput): unknown {
  if (input.signal?.aborted === true) return input.signal.reason ?? error;
  if (isAppError(error))
    return error.code === "internal" || error.code === "workspace_failed" ? new AppError("test_infrastructure", error.message, { cause: error }) : error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new AppError("disk_full", "The disk is full. Free some space and run it again; nothing was lost.", { cause: error });
  return new AppError("test_infrastructure", `The tests could not be run: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

const Manifest = z.object({ scripts: z.record(z.string(), z.string()).optional() });

async function packageScripts(folder: string): Promise<Record<string, string>> {
  try {
    return Manifest.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8"))).scripts ?? {};
  } catch {
    // none, or not readable: then the command names no script that exists
    return {};
  }
}

/** Dependencies come from a lockfile in a stage of their own; ones that lie in the commit are the model's and may hold anything. */
async function bundledRunner(folder: string): Promise<RunnerOutcome["findings"]> {
  const bundled = await stat(join(folder, "node_modules")).catch(() => null);
  return bundled === null
    ? []
    : [{ code: "runner_changed", blocking: true, message: "The commit holds a node_modules folder. Remove it; dependencies come from the lockfile." }];
}

async function removeStale(runs: string): Promise<void> {
  for (const name of await readdir(runs).catch(() => [])) {
    const found = await stat(join(runs, name)).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > STALE_FOLDER_MS) await removeTree(join(runs, name));
  }
}
