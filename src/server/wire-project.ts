import type { ProjectSpec } from "#ports/projects.ts";
import type { ModelUsage, ProjectInService } from "#ports/services/projects.ts";
import type { ProjectAnswer } from "#protocol/projects.ts";
import { wireServiceStatus } from "./wire-release.ts";

/** A project as clients see it; with what its models used where that was asked for. */
export function wireProject(project: ProjectInService & { usage?: ModelUsage }): ProjectAnswer {
  return {
    id: project.id,
    owner: project.owner,
    name: project.name,
    slug: project.slug,
    goal: project.goal,
    stack: project.stack,
    spec: project.spec && wireSpec(project.spec),
    created_at: project.createdAt,
    role: project.role,
    service: wireServiceStatus(project.service),
    ...(project.usage === undefined ? {} : { usage: project.usage }),
  };
}

function wireSpec(spec: ProjectSpec): ProjectAnswer["spec"] {
  return {
    goal: spec.goal,
    stack: spec.stack,
    acceptance_criteria: spec.acceptanceCriteria,
    test_command: spec.testCommand,
    start_command: spec.startCommand,
    health_path: spec.healthPath,
  };
}
