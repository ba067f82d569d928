import type { Stack } from "./projects.ts";

export type ReleaseStatus = "starting" | "live" | "draining" | "retired" | "failed" | "rolled_back";

export interface Release {
  id: string;
  projectId: string;
  /** Counts up per project: 1, 2, 3 … */
  number: number;
  commitSha: string;
  status: ReleaseStatus;
  port: number | null;
  startCommand: string;
  healthPath: string;
  approvalId: string | null;
  reportId: string | null;
  createdAt: string;
}

export interface DeployRequest {
  projectId: string;
  /** A commit whose test report is green; refused with `deploy_failed` otherwise. */
  commitSha: string;
  reportId: string;
  stack: Stack;
  startCommand: string;
  healthPath: string;
  /** Plain configuration. */
  publicEnvironment: Record<string, string>;
  /** Names whose values the supervisor fetches from the secret store. */
  secretNames: string[];
  /** The decision this deploy rests on. Idempotent per approvalId: the release it already made is answered. */
  approvalId: string;
  signal?: AbortSignal;
}

/** One line of what the health gate saw, in order: process alive, port owned, answer 2xx, answer carries the release id. */
export interface HealthEvidence {
  phase: "process" | "port" | "answer" | "identity" | "switch" | "watch" | "rollback";
  ok: boolean;
  message: string;
}

export interface DeployOutcome {
  status: "live" | "rolled_back" | "failed";
  release: Release;
  /** `http://<slug>.localhost:<proxy port>`; null when nothing of this project serves. */
  url: string | null;
  /** `http://127.0.0.1:<port>` of the serving release, for machines where *.localhost does not resolve. */
  directUrl: string | null;
  /** The release that serves now: the new one, or the previous one after a rollback. */
  serving: Release | null;
  evidence: HealthEvidence[];
  /** Last lines the process printed, secrets masked. */
  logTail: string;
}

export interface ServiceStatus {
  projectId: string;
  url: string | null;
  directUrl: string | null;
  serving: Release | null;
  rollbackTarget: Release | null;
  releases: Release[];
}

/**
 * The local process target: a release directory at the tested commit, a supervised process on a leased port, a health gate, an
 * atomic switch of the proxy, the old release drained and kept, automatic rollback when the new one fails within the watch time.
 */
export interface ReleasesPort {
  deploy(request: DeployRequest): Promise<DeployOutcome>;
  /**
   * Back to a kept release (default: the last healthy one before the serving one), through the same health gate. `fromReleaseId`: only while
   * that one serves, else `conflict` and nothing is changed; so the same request, sent again, does not go back twice.
   */
  rollback(projectId: string, input: { releaseId?: string; fromReleaseId?: string; reason: string }): Promise<DeployOutcome>;
  /** Stops and forgets the route; releases and data stay. */
  undeploy(projectId: string): Promise<ServiceStatus>;
  status(projectId: string): Promise<ServiceStatus>;
  logs(projectId: string, input: { lines: number }): Promise<string>;
}

/**
 * The same for a run. What changes a service names the decision that it rests on, and is refused with `decision_missing` unless that
 * decision is on record, on this thread and line of history, for this digest.
 */
export interface ApprovedReleasesPort extends Pick<ReleasesPort, "status" | "logs"> {
  deploy(request: DeployRequest, digest: string): Promise<DeployOutcome>;
  rollback(projectId: string, input: { releaseId?: string; reason: string }, held: HeldDecision): Promise<DeployOutcome>;
  undeploy(projectId: string, held: HeldDecision): Promise<ServiceStatus>;
}

export interface HeldDecision {
  approvalId: string;
  /** Of what is about to be carried out. */
  digest: string;
}
