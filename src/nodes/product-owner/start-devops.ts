import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import type { DevopsOrder } from "#protocol/team-work.ts";
import { deploymentCall, deploymentDue } from "./deployment-due.ts";

/** The next step of the same request: what the person wanted as a running service goes from green tests to devops. No model decides this. */
export const startDevops: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const due = deploymentDue(state);
  if (due === null) return {};
  const { work, result } = due;
  const call = deploymentCall(work.call);
  const order: DevopsOrder = {
    project_id: work.projectId,
    project_name: work.projectName,
    action: "deploy",
    delivery_id: result.delivery_id,
    reason: "the delivery is green and a running service was asked for",
    language: state.language,
  };
  const started = await portsOf(config).teams.start({ call, team: "devops", projectId: work.projectId, input: order });
  return { works: { ...state.works, [call]: { ...work, call, team: "devops", threadId: started.threadId, status: "running" } } };
};
