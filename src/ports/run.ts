import type { ApprovalsPort } from "./approvals.ts";
import type { CommandsPort } from "./commands.ts";
import type { DecisionsPort } from "./decisions.ts";
import type { McpPort } from "./mcp.ts";
import type { ModelsPort } from "./models.ts";
import type { ProjectsPort } from "./projects.ts";
import type { ApprovedReleasesPort } from "./releases.ts";
import type { SecretsPort } from "./secrets.ts";
import type { TeamsPort } from "./teams.ts";
import type { TestsPort } from "./tests.ts";
import type { WorkspacesPort } from "./workspaces.ts";

/** Who runs what, fixed for the length of one attempt of a run. All ports below are already narrowed to this owner. */
export interface RunIdentity {
  readonly owner: string;
  readonly threadId: string;
  readonly runId: string;
  readonly graphId: string;
  /** Id of the run that forked this line of history (a checkpoint given by a client), inherited by resumes and retries. */
  readonly branch: string;
}

/**
 * What a node of ours can do to the world. Built by `start/make-run-ports.ts` and `runtime/create-runtime.ts` for each run, carried under the reserved key
 * `configurable.__slipway`, read with `portsOf(config)` of `graphs/context.ts`; a client cannot set it.
 */
export interface RunPorts {
  readonly run: RunIdentity;
  readonly models: ModelsPort;
  readonly projects: ProjectsPort;
  readonly teams: TeamsPort;
  readonly workspaces: WorkspacesPort;
  readonly commands: CommandsPort;
  readonly tests: TestsPort;
  readonly releases: ApprovedReleasesPort;
  readonly secrets: SecretsPort;
  readonly approvals: ApprovalsPort;
  readonly decisions: DecisionsPort;
  /** Absent when no MCP server is configured. */
  readonly mcp?: McpPort;
}
