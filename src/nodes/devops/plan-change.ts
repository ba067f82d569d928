import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, PlannedChange } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { changeText } from "#prompts/devops/texts.ts";
import { digestOf } from "#protocol/approval-payload.ts";
import { sayIn } from "../shared/say-in.ts";
import { orderOf } from "./order.ts";
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

/** What serves and what would come back, under one digest. */
export async function plannedChange(ports: RunPorts, { project_id, action }: Pick<DevopsState, "project_id" | "action">): Promise<PlannedChange> {
  const { serving, rollbackTarget } = await ports.releases.status(project_id);
  const target = action === "rollback" && rollbackTarget !== null ? { id: rollbackTarget.id, number: rollbackTarget.number } : null;
  const servingNumber = serving?.number ?? null;
  return { servingNumber, target, digest: digestOf({ action, project_id, serving: serving?.id ?? null, target: target?.id ?? null }) };
}
