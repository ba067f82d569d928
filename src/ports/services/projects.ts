import type { Caller } from "../caller.ts";
import type { ProjectRole, ProjectShare } from "../identity.ts";
import type { Page } from "../page.ts";
import type { Project } from "../projects.ts";
import type { DeployOutcome, ServiceStatus } from "../releases.ts";

export interface ModelUsage {
  calls: number;
  input_tokens: number;
  output_tokens: number;
  /** Calls answered from a recording. */
  replayed: number;
}

/** What the caller may do with a project. `decides`: it is nobody's that they know, and they decide about everybody's deployments. */
export type RoleInProject = ProjectRole | "admin" | "decides";

export type ProjectInService = Project & { role: RoleInProject; service: ServiceStatus };

/** Delivered projects, what runs of them, and with whom they are shared. */
export interface ProjectsService {
  /** Their own, those that are shared with them, and everybody's for administrators and approvers. The newest first. */
  list(caller: Caller, page: Page & { owner?: string }): Promise<{ items: ProjectInService[]; total: number }>;
  /** With what the model calls of its teams, and of the conversations that started them, used. */
  get(caller: Caller, projectId: string): Promise<ProjectInService & { usage: ModelUsage }>;
  rollback(caller: Caller, projectId: string, input: { releaseId?: string; fromReleaseId?: string; reason: string }): Promise<DeployOutcome>;
  undeploy(caller: Caller, projectId: string): Promise<ServiceStatus>;
  logs(caller: Caller, projectId: string, lines: number): Promise<string>;
  shares(caller: Caller, projectId: string): Promise<ProjectShare[]>;
  /** Shares, or changes as what. Who is an editor no more has their work on it ended. */
  share(caller: Caller, projectId: string, input: { user: string; role: ProjectShare["role"] }): Promise<ProjectShare>;
  /** Also one's own, which is to leave. `not_found` when it is not shared with them. */
  unshare(caller: Caller, projectId: string, user: string): Promise<void>;
}
