import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { askHuman } from "../shared/ask-human.ts";
import { changeArguments } from "./shown-arguments.ts";
import { withNotice } from "./with-notice.ts";

/** Asks whether to roll back or to take offline. */
export const askChange: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const { planned } = state;
  if (planned === null) return {};
  const { approvalId, decision, problem } = askHuman({
    kind: "deploy",
    action: state.action,
    args: { ...changeArguments(state.project_name, planned), reason: state.reason },
    description: withNotice(state),
    allowed: ["approve", "reject"],
    risk: "medium",
    digest: planned.digest,
    identity: { threadId: run.threadId, branch: run.branch, occasion: `${state.action} ${state.asked}` },
    projectId: state.project_id,
  });
  if (decision === null) return { decision: null, notice: problem, asked: state.asked + 1 };
  const { type, message } = decision;
  return { notice: null, decision: { type, message, approvalId, branch: run.branch, digest: planned.digest } };
};
