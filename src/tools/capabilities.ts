import { makeDeploy, makeRollback, makeServiceLogs, makeServiceStatus, makeUndeploy } from "./deploy.ts";
import { makeCreateProject, makeListProjects, makeShowProject } from "./project.ts";
import { makeDeliveryStatus, makeStartDelivery, makeStopDelivery } from "./team.ts";
import type { ToolContext } from "./tool-context.ts";

/** What the product owner can be given per message. Conversation (answering, asking) needs no tool and is always there. */
export const CAPABILITY_GROUPS = ["projects", "delivery", "operations"] as const;
export type CapabilityGroup = (typeof CAPABILITY_GROUPS)[number];

/** The registry: which tool belongs to which group, and whether it changes anything. */
const CAPABILITIES = {
  create_project: { group: "projects", effect: true, make: makeCreateProject },
  list_projects: { group: "projects", effect: false, make: makeListProjects },
  show_project: { group: "projects", effect: false, make: makeShowProject },
  start_delivery: { group: "delivery", effect: true, make: makeStartDelivery },
  delivery_status: { group: "delivery", effect: false, make: makeDeliveryStatus },
  stop_delivery: { group: "delivery", effect: true, make: makeStopDelivery },
  deploy: { group: "operations", effect: true, make: makeDeploy },
  rollback: { group: "operations", effect: true, make: makeRollback },
  undeploy: { group: "operations", effect: true, make: makeUndeploy },
  service_status: { group: "operations", effect: false, make: makeServiceStatus },
  service_logs: { group: "operations", effect: false, make: makeServiceLogs },
} as const;

export type CapabilityName = keyof typeof CAPABILITIES;
export const CAPABILITY_NAMES = Object.keys(CAPABILITIES) as CapabilityName[]; // keys of a literal object
export type CapabilityTool = ReturnType<(typeof CAPABILITIES)[CapabilityName]["make"]>;

/**
 * Names of the tools of some groups.
 * @param effects false: only those that change nothing, for a request that is not clear yet
 */
export function capabilitiesOf(groups: readonly CapabilityGroup[], { effects }: { effects: boolean }): CapabilityName[] {
  return CAPABILITY_NAMES.filter((name) => groups.includes(CAPABILITIES[name].group) && (effects || !CAPABILITIES[name].effect));
}

/** The tools themselves, bound to one turn. */
export function makeTools(names: readonly CapabilityName[], context: ToolContext): CapabilityTool[] {
  return names.map((name) => CAPABILITIES[name].make(context));
}
