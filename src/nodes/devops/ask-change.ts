import { interrupt, type GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { approvalPayload } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { withNotice } from "./ask-deploy.ts";

/** Asks whether to roll back or to take offline. */
export const askChange: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const { planned } = state;
  if (planned === null) return {};
  const payload = approvalPayload({
    kind: "deploy",
    action: state.action,
    args: { project: state.project_name, serving_release: planned.servingNumber, target_release: planned.target?.number ?? null, reason: state.reason },
    description: withNotice(state),
    allowed: ["approve", "reject"],
    risk: "medium",
    digest: planned.digest,
    identity: { threadId: run.threadId, branch: run.branch, occasion: `${state.action} ${state.asked}` },
    projectId: state.project_id,
  });
  const read = readReply(payload, interrupt(payload));
  if (!read.ok) return { decision: null, notice: read.problem, asked: state.asked + 1 };
  const { type, message } = read.decision;
  return { notice: null, decision: { type, message, approvalId: payload.x.approval_id, branch: run.branch, digest: planned.digest } };
};
