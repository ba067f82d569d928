import type { DeliveryPlan } from "#graphs/engineering/state.ts";

/** The plan as the person reads it: their language came with the plan, so there are no words of ours in between. */
export function planDescription(plan: DeliveryPlan): string {
  const criteria = plan.acceptance_criteria.map((criterion) => `- ${criterion}`).join("\n");
  const steps = plan.steps.map((step, index) => `${index + 1}. ${step}`).join("\n");
  return [`**${plan.goal}**`, plan.summary, criteria, steps, `\`${plan.test_command}\` · \`${plan.start_command}\` · \`GET ${plan.health_path}\``].join("\n\n");
}
