import { interrupt, type GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, PlannedChange } from "#graphs/devops/state.ts";
import { approvalPayload } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { answeredAs } from "../shared/answered-as.ts";
import { withNotice } from "./ask-deploy.ts";

/** Asks whether to roll back or to take offline. */
export const askChange: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const { planned } = state;
  if (planned === null) return {};
  const payload = approvalPayload({
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
  const answer: unknown = interrupt(payload);
  const read = readReply(payload, answer);
  if (!read.ok) return { decision: null, notice: read.problem, asked: state.asked + 1 };
  const { type, message } = read.decision;
  return { notice: null, decision: { type, message, approvalId: answeredAs(payload, answer), branch: run.branch, digest: planned.digest } };
};

/** What a person is shown of a change, besides the words of whoever wants it; compared once more before the effect. */
export function changeArguments(project: string, { servingNumber, target }: PlannedChange): Record<string, unknown> {
  return { project, serving_release: servingNumber, target_release: target?.number ?? null };
}
