import type { DeliveryPlan } from "#graphs/engineering/state.ts";
import { inOurWords } from "../shared/texts.ts";

/** The plan as the person reads it: their language came with the plan, so there are no words of ours in between. */
export function planDescription(plan: DeliveryPlan): string {
  const criteria = plan.acceptance_criteria.map((criterion) => `- ${criterion}`).join("\n");
  const steps = plan.steps.map((step, index) => `${index + 1}. ${step}`).join("\n");
  return [`**${plan.goal}**`, plan.summary, criteria, steps, `\`${plan.test_command}\` · \`${plan.start_command}\` · \`GET ${plan.health_path}\``].join("\n\n");
}

/** Why the plan is asked about although the work went on: its state was edited by hand, or its thread is a copy. */
export function planNotOnRecord(language: string): string {
  return inOurWords(language, {
    en: "No decision about this plan is on record, so it is asked about again. Nothing is done until somebody approves it.",
    ru: "Решение об этом плане нигде не записано, поэтому он спрашивается ещё раз. Пока его никто не одобрил, ничего не делается.",
  });
}
