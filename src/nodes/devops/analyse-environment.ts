import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { classifyName } from "./classify-name.ts";
import { environmentNames } from "./environment-names.ts";
import { judgeNames } from "./judge-names.ts";
import { orderOf } from "./order.ts";
import { refuse } from "./refuse.ts";
import { scanDelivery } from "./scan-delivery.ts";

/**
 * Which environment names the code reads, and where each value comes from. The scan decides what is read and what a name alone makes
 * certain; the model judges the rest and tells a person what a value is for. Where everything is certain no model is asked.
 */
export const analyseEnvironment: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const order = orderOf(state);
  const project = await ports.projects.get(order.project_id);
  const delivery = (await ports.projects.deliveries(project.id)).find((one) => one.id === order.delivery_id);
  if (delivery === undefined) return { result: await refuse(ports, state, "noDelivery") };
  if (project.spec === null) return { result: await refuse(ports, state, "noSpec") };
  await ports.workspaces.prepare({ projectId: project.id, deliveryId: delivery.id, stack: project.stack, projectName: project.name });
  const scan = await scanDelivery(ports, delivery.id);
  // also of what only a person can give the model says what it is for, and where to get it
  const rest = scan.uses.filter(({ name, hasDefault }) => [null, "user"].includes(classifyName(name, hasDefault)));
  const facts = { goal: project.goal, stack: project.stack, language: order.language, names: rest, dynamic: scan.dynamic };
  const judged = rest.length === 0 && scan.dynamic.length === 0 ? [] : await judgeNames(ports, facts, config.signal);
  return { environment: await environmentNames(ports, delivery.id, scan, judged) };
};
