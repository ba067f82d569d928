import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "#db/client.ts";
import { projects } from "#db/schema/projects.ts";
import { detectSandbox, type DetectOptions } from "#delivery/sandbox/detect.ts";
import type { Sandbox } from "#delivery/sandbox/sandbox.ts";
import { createTests, type TestsOptions } from "#delivery/test-run/create-tests.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import type { Stack } from "#ports/projects.ts";
import type { TestReport, TestsPort } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";

/** Relative path to content; null deletes. */
export type Files = Record<string, string | null>;

export interface Workshop extends AsyncDisposable {
  dataDir: string;
  sandbox: Sandbox;
  workspaces: WorkspacesPort;
  tests: TestsPort;
  /** A project with its base report, ready for commits to be tested. */
  project(stack: Stack, base: Files, command: string): Promise<WorkshopProject>;
}

export interface WorkshopProject {
  projectId: string;
  deliveryId: string;
  baseline: TestReport;
  /** Commits files on top and tests that commit against the base. */
  attempt(files: Files, options?: { command?: string }): Promise<TestReport>;
}

/** Real git, sandbox, runners and database below one temporary folder. */
export async function openWorkshop(database: Database, options: Partial<TestsOptions> & { detect?: Partial<DetectOptions> } = {}): Promise<Workshop> {
  const dataDir = await mkdtemp(join(tmpdir(), "slipway-workshop-"));
  const sandbox = await detectSandbox({ allowUnsandboxed: false, ...options.detect });
  const workspaces = createWorkspaces({ dataDir, sandbox });
  const tests = createTests({ database, dataDir, sandbox, ...options });

  const write = async (deliveryId: string, files: Files): Promise<void> => {
    for (const [path, content] of Object.entries(files)) {
      if (content === null) await workspaces.deleteFile(deliveryId, { path });
      else await workspaces.writeFile(deliveryId, { path, content });
    }
  };
  return {
    dataDir,
    sandbox,
    workspaces,
    tests,
    async project(stack, base, command) {
      const [projectId, deliveryId] = [randomUUID() as string, randomUUID() as string];
      await database.drizzle
        .insert(projects)
        .values({ id: projectId, owner: "local", name: "p", slug: `p-${projectId}`, goal: "", stack, createdBy: projectId });
      await workspaces.prepare({ projectId, deliveryId, stack, projectName: "p" });
      await write(deliveryId, base);
      const test = (commitSha: string, testCommand: string, baselineReportId: string | null): Promise<TestReport> =>
        tests.run({ reportId: randomUUID(), projectId, deliveryId, commitSha, stack, command: testCommand, baselineReportId });
      const trailers = { Delivery: deliveryId };
      const first = await workspaces.commitAttempt(deliveryId, { round: 0, subject: "Base", trailers });
      await workspaces.promote(deliveryId, first.sha);
      const baseline = await test(first.sha, command, null);
      let round = 0;
      return {
        projectId,
        deliveryId,
        baseline,
        async attempt(files, { command: other = command } = {}) {
          await workspaces.restore(deliveryId, first.sha);
          await write(deliveryId, files);
          const { sha } = await workspaces.commitAttempt(deliveryId, { round: ++round, subject: "Attempt", trailers });
          return test(sha, other, baseline.id);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Programs on this machine whose command line holds `mark`. */
export function processesWith(mark: string): string[] {
  return execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(mark) && !line.includes("ps -eo"));
}
