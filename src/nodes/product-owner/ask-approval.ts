import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import { askHuman } from "../shared/ask-human.ts";
import { plainValueProblem } from "../shared/plain-value-problem.ts";

/** Shows a team's approval in this thread. Only asks: what to show was collected before, the answer is passed on after. */
export const askApproval: GraphNode<typeof ProductOwnerState> = (state, config) => {
  const { run } = portsOf(config);
  const { question } = state;
  if (question === null) return {};
  const { decision, problem } = askHuman({
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
  if (decision === null) return { reply: null, problem };
  const leaked = question.kind === "secret" ? plainValueProblem(decision.args) : null;
  return leaked === null ? { reply: decision, problem: null } : { reply: null, problem: leaked };
};
