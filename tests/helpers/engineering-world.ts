import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { createCommands } from "#delivery/commands.ts";
import { createProjects } from "#delivery/projects/projects.ts";
import { detectSandbox } from "#delivery/sandbox/detect.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import { PORTS_KEY } from "#graphs/context.ts";
import { createModels } from "#models/create-models.ts";
import type { ModelsPort } from "#ports/models.ts";
import type { Project, Stack } from "#ports/projects.ts";
import type { RunIdentity, RunPorts } from "#ports/run.ts";
import type { TestsPort } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { createTests } from "#delivery/test-run/create-tests.ts";
import { DecisionRecord } from "./decision-record.ts";
import { testDatabase, type TestDatabase } from "./database.ts";

/** Everything the engineering team stands on, real: PostgreSQL, git worktrees, the sandbox, the harness. Only the model is a local endpoint. */
export interface EngineeringWorld {
  readonly dataDir: string;
  readonly workspaces: WorkspacesPort;
  readonly tests: TestsPort;
  /** What was answered. */
  readonly decided: DecisionRecord;
  newProject(stack?: Stack): Promise<Project>;
  /** Configuration of a run: ports under the reserved key, and the thread. */
  run(options: { modelUrl?: string; models?: ModelsPort; threadId: string; branch?: string; wrap?: (ports: RunPorts) => RunPorts }): {
    configurable: Record<string, unknown>;
  };
}

/** Registers set-up and tear-down; use it at the top of a test file. */
export function engineeringWorld(): EngineeringWorld {
  const dataDir = mkdtempSync(join(tmpdir(), "slipway-engineering-"));
  let database: TestDatabase;
  let parts: Pick<RunPorts, "workspaces" | "commands" | "tests">;
  beforeAll(async () => {
    database = await testDatabase();
    const sandbox = await detectSandbox({ allowUnsandboxed: true });
    const workspaces = createWorkspaces({ dataDir, sandbox });
    parts = { workspaces, commands: createCommands({ sandbox, workspaces }), tests: createTests({ database: database.database, dataDir, sandbox }) };
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  const decided = new DecisionRecord();
  return {
    dataDir,
    decided,
    get workspaces() {
      return parts.workspaces;
    },
    get tests() {
      return parts.tests;
    },
    newProject: (stack = "node") =>
      createProjects({ database: database.database, run: { owner: "local", threadId: randomUUID(), branch: "main" } }).create({
        call: "c",
        name: "adder",
        goal: "adds",
        stack,
      }),
    run({ modelUrl, models, threadId, branch = "main", wrap = (ports) => ports }) {
      const run: RunIdentity = { owner: "local", threadId, runId: randomUUID(), graphId: "engineering", branch };
      const chat =
        models ??
        createModels({
          config: { MODEL_TIMEOUT: 30, OPENAI_BASE_URL: modelUrl ?? "http://127.0.0.1:9/v1", RECORDINGS_DIR: "/nonexistent" },
          retryDelaysMs: [],
        });
      const refused = () => {
        throw new Error("the engineering team does not use this port");
      };
      const ports: RunPorts = {
        run,
        models: chat,
        projects: createProjects({ database: database.database, run }),
        ...parts,
        teams: { start: refused, list: refused, cancel: refused },
        releases: { deploy: refused, rollback: refused, undeploy: refused, status: refused, logs: refused },
        secrets: { ensureGenerated: refused, references: refused },
        approvals: { pendingOfTeams: refused, decideForTeam: refused },
        decisions: decided.port(run),
      };
      return { configurable: { thread_id: threadId, [PORTS_KEY]: wrap(ports) } };
    },
  };
}
