import type { Database } from "#db/client.ts";
import { insertModelCall } from "#db/queries/insert-model-call.ts";
import { createProjects } from "#delivery/projects/projects.ts";
import type { Releases } from "#delivery/releases/releases.ts";
import type { SecretVault } from "#delivery/secrets/vault.ts";
import { approvedReleases } from "#governance/approved-releases.ts";
import { createDecisions } from "#governance/decisions.ts";
import type { Log } from "#log";
import type { Models } from "#models/create-models.ts";
import type { CommandsPort } from "#ports/commands.ts";
import type { McpPort } from "#ports/mcp.ts";
import type { RunIdentity, RunPorts } from "#ports/run.ts";
import type { TestsPort } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";

/** What a process has once; each run gets it narrowed to its owner. */
export interface Workshop {
  database: Database;
  models: Models;
  vault: SecretVault;
  releases: Releases;
  workspaces: WorkspacesPort;
  commands: CommandsPort;
  tests: TestsPort;
  /** Absent or null: no MCP server is configured. */
  mcp?: McpPort | null;
  log: Log;
}

/** The ports of one run, but for `teams` and `approvals`, which are the runtime's own. */
export function makeRunPorts(workshop: Workshop): (run: RunIdentity) => Omit<RunPorts, "teams" | "approvals"> {
  const { database, models, vault, releases, workspaces, commands, tests, mcp, log } = workshop;
  return (run) => {
    const decisions = createDecisions({ database, run });
    return {
      run,
      models: models.withUsage((usage) => {
        insertModelCall(database, { ...usage, runId: run.runId, threadId: run.threadId, owner: run.owner }).catch((error: unknown) =>
          log.warn({ err: error }, "a model call was not counted"),
        );
      }),
      projects: createProjects({ database, run }),
      workspaces,
      commands,
      tests,
      releases: approvedReleases(releases.forOwner(run.owner), decisions),
      decisions,
      secrets: vault.forOwner(run.owner),
      ...(mcp ? { mcp } : {}),
    };
  };
}
