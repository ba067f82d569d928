import type { DeployOutcome, Release, ServiceStatus } from "#ports/releases.ts";
import type { DeployOutcomeAnswer, ReleaseAnswer, ServiceStatusAnswer } from "#protocol/projects.ts";

/** What of a project runs, as clients see it. */
export function wireServiceStatus(service: ServiceStatus): ServiceStatusAnswer {
  return {
    project_id: service.projectId,
    url: service.url,
    direct_url: service.directUrl,
    serving: service.serving && wireRelease(service.serving),
    rollback_target: service.rollbackTarget && wireRelease(service.rollbackTarget),
    releases: service.releases.map(wireRelease),
  };
}

/** What became of a deployment, as clients see it. */
export function wireDeployOutcome(outcome: DeployOutcome): DeployOutcomeAnswer {
  return {
    status: outcome.status,
    release: wireRelease(outcome.release),
    url: outcome.url,
    direct_url: outcome.directUrl,
    serving: outcome.serving && wireRelease(outcome.serving),
    evidence: outcome.evidence,
    log_tail: outcome.logTail,
  };
}

function wireRelease(release: Release): ReleaseAnswer {
  return {
    id: release.id,
    project_id: release.projectId,
    number: release.number,
    commit_sha: release.commitSha,
    status: release.status,
    port: release.port,
    start_command: release.startCommand,
    health_path: release.healthPath,
    approval_id: release.approvalId,
    report_id: release.reportId,
    created_at: release.createdAt,
  };
}
