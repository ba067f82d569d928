import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { changeText } from "#prompts/devops/plan-change.ts";
import { sayIn } from "../shared/say-in.ts";
import { orderOf } from "./order.ts";
import { plannedChange } from "./planned-change.ts";
import { refuse } from "./refuse.ts";

/** Says what a rollback or a removal would change now, and words the question. */
export const planChange: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const { action, reason } = orderOf(state);
  if (action === "deploy") return {};
  // the question names the project as it is called, not as the order calls it
  const { name } = await ports.projects.get(state.project_id);
  const planned = await plannedChange(ports, state);
  if (action === "rollback" && planned.target === null) return { result: await refuse(ports, state, "nothingBefore") };
  if (action === "undeploy" && planned.servingNumber === null) return { result: await refuse(ports, state, "nothingRuns") };
  const text = changeText(name, action, { serving: planned.servingNumber, target: planned.target?.number ?? null, reason });
  const description = await sayIn(state.language, text, { models: ports.models, signal: config.signal });
  return { project_name: name, planned, description, decision: null, asked: state.asked + 1 };
};
