import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { lastAttempt, type Attempt, type EngineeringNode } from "#graphs/engineering/state.ts";
import { afterRed } from "./after-red.ts";
import { checkpointOf } from "./checkpoint.ts";
import { reportIdOf } from "./report-id.ts";
import { restoreTree } from "./working-tree.ts";

const SUBJECT_LENGTH = 72;

/** Commits what is in the files, on a ref of its own: a red attempt never stands on the branch. The SHA comes from the repository. */
export const commitAttempt: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const { workspaces, run } = ports;
  if (state.plan === null || state.base_sha === null || state.tree === null) throw new AppError("internal", "There is no prepared workspace to commit.");
  await restoreTree(ports, state);
  const reportId = reportIdOf({ deliveryId: state.delivery_id, branch: run.branch, round: state.round, tree: state.tree });
  const claim = state.claim?.trim() ?? "";
  const commit = await workspaces.commitAttempt(state.delivery_id, {
    round: state.round,
    subject: subjectOf(claim === "" ? state.plan.goal : claim),
    ...(claim.length > SUBJECT_LENGTH ? { body: claim } : {}),
    trailers: { Delivery: state.delivery_id, Step: `round-${state.round}`, "Test-Report": reportId, Checkpoint: checkpointOf(runtime, run).checkpointId },
  });
  const changed = commit.changed && commit.treeSha !== lastAttempt(state)?.tree_sha;
  const attempt: Attempt = {
    round: state.round,
    commit_sha: commit.sha,
    tree_sha: commit.treeSha,
    changed,
    report_id: reportId,
    outcome: changed ? "untested" : "unchanged",
    green: false,
    totals: { executed: 0, passed: 0, failed: 0, skipped: 0 },
    failing: [],
    fingerprint: changed ? "" : "unchanged",
    findings: changed ? [] : [{ code: "nothing_changed", blocking: true, message: "The files are the same as before this round." }],
  };
  const attempts = [...state.attempts.filter((each) => each.round !== state.round), attempt];
  return { attempts, ...(changed ? {} : afterRed(attempts, state.max_rounds)) };
};

function subjectOf(text: string): string {
  const line = text.split("\n")[0]?.trim() ?? "";
  return line.length <= SUBJECT_LENGTH ? line : `${line.slice(0, SUBJECT_LENGTH - 1).trimEnd()}…`;
}
