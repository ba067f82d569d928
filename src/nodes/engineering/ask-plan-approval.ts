import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { DeliveryPlan, type EngineeringNode, type EngineeringState, type EngineeringUpdate } from "#graphs/engineering/state.ts";
import { askHuman, type HumanAnswer } from "../shared/ask-human.ts";
import { planDescription } from "#prompts/engineering/plan-description.ts";
import { digestOf } from "#protocol/approval-payload.ts";
import { tidyPlan } from "./tidy-plan.ts";

/** Asks the person to approve, edit or reject the plan. Nothing but asking happens here. */
export const askPlanApproval: EngineeringNode = (state, runtime) => {
  const { run } = portsOf(runtime);
  const { plan } = state;
  if (plan === null) throw new AppError("internal", "There is no plan to ask about.");
  const answer = askHuman(
    {
      kind: "plan",
      action: "approve_plan",
      args: { ...plan },
      description: planDescription(plan),
      allowed: ["approve", "edit", "reject"],
      risk: "low",
      digest: digestOf(plan),
      evidence: [
        { kind: "project", ref: state.project_id },
        { kind: "delivery", ref: state.delivery_id },
      ],
      projectId: state.project_id,
      identity: { threadId: run.threadId, branch: run.branch, occasion: `plan:${state.delivery_id}:${state.plan_revision}` },
    },
    { problem: state.ask_problem, times: state.asked_again },
  );
  return planVerdict(state, plan, answer);
};

/**
 * approve -> as it is; edit -> as edited, which needs no second question (what was tested for the plan before does not count for it); reject with words -> the analyst plans again with them;
 * reject without -> the order ends; unreadable, or an edit that is no plan -> the question stands again, with the reason.
 */
export function planVerdict(
  state: Pick<EngineeringState, "plan_remarks" | "asked_again" | "stack">,
  plan: DeliveryPlan,
  { approvalId, decision, problem }: HumanAnswer,
): EngineeringUpdate {
  const answer = { approval_id: approvalId, message: decision?.message ?? null };
  const again = (why: string): EngineeringUpdate => ({ answer: { ...answer, verdict: "again" }, asked_again: state.asked_again + 1, ask_problem: why });
  if (decision === null) return again(problem ?? "The answer could not be read.");
  const said = decision.message?.trim() ?? "";
  const settled = { asked_again: 0, ask_problem: null };
  const revise: EngineeringUpdate = { ...settled, answer: { ...answer, verdict: "revise" }, plan_remarks: [...state.plan_remarks, said] };
  if (decision.type === "approve") return { ...settled, answer: { ...answer, verdict: "approved" } };
  if (decision.type === "edit") {
    const edited = DeliveryPlan.safeParse({ ...plan, ...decision.args });
    if (!edited.success)
      return again(`The edited plan does not fit: ${edited.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`);
    const changed = digestOf(edited.data) !== digestOf(plan);
    if (!changed && said !== "") return revise;
    return { ...settled, answer: { ...answer, verdict: "approved" }, plan: tidyPlan(edited.data, state.stack), attempts: [] };
  }
  return said === "" ? { ...settled, answer: { ...answer, verdict: "rejected" } } : revise;
}
