import type { PlannedChange, ReleaseCandidate } from "#graphs/devops/state.ts";

/** What a person is shown before a decision. It is on record with the decision, and compared with the world once more before the effect. */

const SHOWN_FILES = 20;

/** Of a candidate for deployment. */
export function deployArguments(project: string, candidate: ReleaseCandidate): Record<string, unknown> {
  const { files, added, removed, paths } = candidate.diff;
  return {
    project,
    commit: candidate.commitSha,
    tests: candidate.tests,
    diff: { files, added, removed, paths: paths.slice(0, SHOWN_FILES) },
    start_command: candidate.startCommand,
    health_path: candidate.healthPath,
    configuration: candidate.publicEnvironment,
    secrets: candidate.secretNames,
    rollback_target: candidate.rollbackTarget === null ? null : candidate.rollbackTarget.number,
  };
}

/** Of a rollback or a removal, besides the words of whoever wants it. */
export function changeArguments(project: string, { servingNumber, target }: PlannedChange): Record<string, unknown> {
  return { project, serving_release: servingNumber, target_release: target?.number ?? null };
}
