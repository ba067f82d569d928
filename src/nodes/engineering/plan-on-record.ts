import { DeliveryPlan, type EngineeringState, type EngineeringUpdate } from "#graphs/engineering/state.ts";
import type { RecordedDecision } from "#ports/decisions.ts";
import type { RunPorts } from "#ports/run.ts";
import { planNotOnRecord } from "#prompts/engineering/plan-description.ts";
import { digestOf } from "#protocol/approval-payload.ts";
import { tidyPlan } from "./tidy-plan.ts";

type WithPlan = Pick<EngineeringState, "plan" | "stack" | "project_id" | "delivery_id" | "asked_again" | "language">;

/**
 * Whether somebody approved this very plan for this delivery of this project, or edited another one into it. On any line of history: a fork of a later step
 * goes on with the same plan. The inbox is asked, because a state can be edited.
 */
export async function isPlanOnRecord({ decisions }: Pick<RunPorts, "decisions">, state: WithPlan): Promise<boolean> {
  const { plan } = state;
  if (plan === null) return false;
  const wanted = digestOf(plan);
  const isOf = ({ evidence }: RecordedDecision, what: string, id: string) => evidence.some(({ kind, ref }) => kind === what && ref === id);
  return (await decisions.all("plan")).some(
    (one) =>
      one.action === "approve_plan" && isOf(one, "project", state.project_id) && isOf(one, "delivery", state.delivery_id) && digestAfter(one, state) === wanted,
  );
}

/** Digest of the plan that a decision came to; null: it came to none. */
function digestAfter({ decision, digest, args }: RecordedDecision, { stack }: WithPlan): string | null {
  if (decision.type === "approve") return digest;
  if (decision.type !== "edit") return null;
  const edited = DeliveryPlan.safeParse({ ...args, ...decision.args });
  return edited.success ? digestOf(tidyPlan(edited.data, stack)) : null;
}

/** What a node does instead of its effect: the question is asked again, and says why. */
export function askForPlan(state: WithPlan): EngineeringUpdate {
  return {
    answer: { approval_id: "", verdict: "again", message: null },
    asked_again: state.asked_again + 1,
    ask_problem: planNotOnRecord(state.language),
  };
}
