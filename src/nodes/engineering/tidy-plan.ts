import type { DeliveryPlan } from "#graphs/engineering/state.ts";
import type { Stack } from "#ports/projects.ts";
import { USUAL_COMMANDS } from "#prompts/engineering/service-contract.ts";

/** A runner that the harness knows, and files; options that leave tests out would keep every round red. */
const KNOWN_COMMANDS: Record<Stack, RegExp> = {
  node: /^node --test(?: (?!-)[\w./*-]+)*$/,
  python: /^python3? -m (?:unittest|pytest)(?: (?!-)[\w./*-]+)*$/,
};

/** Another test command becomes the usual one of the stack; the service stays in the foreground, where the supervisor can watch it. */
export function tidyPlan(plan: DeliveryPlan, stack: Stack): DeliveryPlan {
  const command = plan.test_command.trim();
  return {
    ...plan,
    test_command: KNOWN_COMMANDS[stack].test(command) ? command : USUAL_COMMANDS[stack].test,
    start_command: plan.start_command
      .trim()
      .replace(/^nohup\s+/, "")
      .replace(/\s*&$/, ""),
  };
}
