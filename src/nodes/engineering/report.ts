import { portsOf } from "#graphs/context.ts";
import { lastAttempt, type EngineeringNode, type EngineeringState } from "#graphs/engineering/state.ts";
import type { DeliveryStatus } from "#ports/projects.ts";
import { engineeringSummary } from "#prompts/engineering/summary.ts";
import type { EngineeringResult } from "#protocol/team-work.ts";

const DELIVERY_STATUS: Record<EngineeringResult["status"], DeliveryStatus> = { green: "green", rejected: "cancelled", given_up: "failed", failed: "failed" };

/** Closes the order with what the parent, and anyone who asks later, needs to know. */
export const report: EngineeringNode = async (state, runtime) => {
  const { projects } = portsOf(runtime);
  const result = resultOf(state);
  await projects.saveDelivery({ id: state.delivery_id, projectId: state.project_id, status: DELIVERY_STATUS[result.status], rounds: state.round });
  return { result };
};

/** The facts of the work, and one sentence about them. */
function resultOf(
  state: Pick<EngineeringState, "attempts" | "plan" | "project_id" | "delivery_id" | "round" | "answer" | "project_name" | "language">,
): EngineeringResult {
  const attempt = lastAttempt(state);
  const green = attempt?.green === true;
  const status = green ? "green" : state.answer?.verdict === "rejected" ? "rejected" : state.answer?.verdict === "stopped" ? "given_up" : "failed";
  const totals = attempt === null ? null : { executed: attempt.totals.executed, passed: attempt.totals.passed, failed: attempt.totals.failed };
  return {
    status,
    project_id: state.project_id,
    delivery_id: state.delivery_id,
    commit_sha: green ? attempt.commit_sha : null,
    report_id: attempt?.changed === true ? attempt.report_id : null,
    tests: totals,
    rounds: state.round,
    start_command: green ? (state.plan?.start_command ?? null) : null,
    health_path: green ? (state.plan?.health_path ?? null) : null,
    summary: engineeringSummary({
      status,
      project: state.project_name,
      language: state.language,
      rounds: state.round,
      said: state.answer?.message ?? null,
      tests: totals,
    }),
  };
}
