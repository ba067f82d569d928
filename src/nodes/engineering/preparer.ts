import { HumanMessage } from "@langchain/core/messages";
import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { specOf, type EngineeringNode } from "#graphs/engineering/state.ts";
import { signalOf } from "../shared/signal-of.ts";
import { checkpointOf } from "./checkpoint.ts";
import { askForPlan, isPlanOnRecord } from "./plan-on-record.ts";
import { reportIdOf } from "./report-id.ts";
import { roundBrief } from "./round-brief.ts";
import { executedTests } from "./verdict.ts";
import { keepTree } from "./working-tree.ts";

/** Makes the ground ready: the approved spec saved, repository, branch and worktree there, the base commit's tests run. Without an approval on record it does nothing. */
export const preparer: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const { projects, workspaces, tests, run } = ports;
  const { plan, stack } = state;
  if (plan === null) throw new AppError("internal", "There is no approved plan.");
  if (!(await isPlanOnRecord(ports, state))) return askForPlan(state);
  const ids = { projectId: state.project_id, deliveryId: state.delivery_id };
  await projects.saveSpec(ids.projectId, specOf(plan, stack));
  const workspace = await workspaces.prepare({ ...ids, stack, projectName: state.project_name });
  await workspaces.restore(ids.deliveryId, workspace.baseSha);
  await projects.saveDelivery({ id: ids.deliveryId, projectId: ids.projectId, status: "building", branch: workspace.branch, baseSha: workspace.baseSha });

  const reportId = reportIdOf({ deliveryId: ids.deliveryId, branch: run.branch, round: "baseline", tree: workspace.baseSha });
  const baseline = await tests.run({
    reportId,
    ...ids,
    commitSha: workspace.baseSha,
    stack,
    command: plan.test_command,
    baselineReportId: null,
    ...signalOf(runtime),
  });
  const baseTests = executedTests(baseline);
  await projects.recordStep({ ...ids, ...checkpointOf(runtime, run), node: "preparer", round: 0, commitSha: workspace.baseSha, reportId, releaseId: null });

  const brief = await roundBrief(workspaces, state, plan);
  return {
    branch: workspace.branch,
    base_sha: workspace.baseSha,
    baseline_report_id: reportId,
    base_tests: baseTests,
    known_tests: baseTests,
    round: 1,
    tree: await keepTree(ports, state, "base"),
    developer_messages: [new HumanMessage({ id: `${ids.deliveryId}:brief:1`, content: brief })],
  };
};
