import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { lastAttempt, type EngineeringNode } from "#graphs/engineering/state.ts";
import { checkpointOf } from "./checkpoint.ts";
import { askForPlan, isPlanOnRecord } from "./plan-on-record.ts";

/** Moves the branch to exactly the commit that was tested green, as the repository and the stored report know it, if its plan was approved. */
export const promote: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const { workspaces, tests, projects, run } = ports;
  const attempt = lastAttempt(state);
  if (attempt === null || !attempt.green) throw new AppError("internal", "There is no green attempt to promote.");
  if (!(await isPlanOnRecord(ports, state))) return askForPlan(state);
  const ids = { projectId: state.project_id, deliveryId: state.delivery_id };
  const commit = await workspaces.verifyCommit(ids.projectId, attempt.commit_sha);
  const report = await tests.get(attempt.report_id);
  if (commit.sha !== attempt.commit_sha || report === null || !report.green || report.commitSha !== commit.sha) {
    throw new AppError("commit_unknown", `Commit ${attempt.commit_sha} has no green test report of its own, so it is not promoted.`);
  }
  // on another line of history the branch may stand elsewhere
  await workspaces.restore(ids.deliveryId, commit.sha);
  await workspaces.promote(ids.deliveryId, commit.sha);
  await projects.recordStep({
    ...ids,
    ...checkpointOf(runtime, run),
    node: "promote",
    round: state.round,
    commitSha: commit.sha,
    reportId: report.id,
    releaseId: null,
  });
  await projects.saveDelivery({ id: ids.deliveryId, projectId: ids.projectId, status: "green", headSha: commit.sha, reportId: report.id, rounds: state.round });
  return {};
};
