import { interrupt, type GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import { approvalPayload } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { plainValueProblem } from "../shared/secret-references.ts";

/** Shows a team's approval in this thread. Only asks: what to show was collected before, the answer is passed on after. */
export const askApproval: GraphNode<typeof ProductOwnerState> = (state, config) => {
  const { run } = portsOf(config);
  const { question } = state;
  if (question === null) return {};
  const payload = approvalPayload({
    kind: question.kind,
    action: question.action,
    args: question.args,
    description: state.problem === null ? question.description : `**${state.problem}**\n\n${question.description}`,
    allowed: question.allowed,
    risk: question.risk,
    digest: question.digest,
    evidence: question.evidence,
    identity: { threadId: run.threadId, branch: run.branch, occasion: `mirror ${question.id} ${state.asked}` },
    mirrorOf: question.id,
    ...(question.argsSchema === null || question.argsSchema === undefined ? {} : { argsSchema: question.argsSchema }),
    ...(question.projectId === null ? {} : { projectId: question.projectId }),
  });
  const read = readReply(payload, interrupt(payload));
  if (!read.ok) return { reply: null, problem: read.problem };
  const leaked = question.kind === "secret" ? plainValueProblem(read.decision.args) : null;
  return leaked === null ? { reply: read.decision, problem: null } : { reply: null, problem: leaked };
};
