import { portsOf, type WithConfigurable } from "#graphs/context.ts";
import type { RunIdentity } from "#ports/run.ts";
import { toolQuestionText } from "#prompts/shared/tool-decisions.ts";
import { approvalId, digestOf, type ApprovalRequest } from "#protocol/approval-payload.ts";
import type { ToolQuestion } from "#tools/tool-question.ts";
import { askHuman } from "./ask-human.ts";

/** Of what is done: the same call on the same thread has the same, so that rejections of it can be counted. */
const digestOfCall = ({ tool, args }: Pick<ToolQuestion, "tool" | "args">): string => digestOf({ tool, args });

const identityOf = (run: RunIdentity, occasion: string): ApprovalRequest["identity"] => ({ threadId: run.threadId, branch: run.branch, occasion });

/** Under which id the inbox keeps the decision about a call. */
export function toolApprovalId(run: RunIdentity, question: Pick<ToolQuestion, "occasion" | "tool" | "args">): string {
  return approvalId(identityOf(run, question.occasion), "tool", digestOfCall(question));
}

/**
 * Asks whether one call of a tool may be made; several are asked side by side, each in a task of its own. The answer is not handed on: the
 * node that makes the calls looks it up in the inbox.
 */
export function askTool({ question }: { question: ToolQuestion }, config: WithConfigurable): Record<string, never> {
  const { run } = portsOf(config);
  askHuman({
    kind: "tool",
    action: question.tool,
    args: question.args,
    description: toolQuestionText(question.language, question),
    allowed: ["approve", "edit", "reject", "respond"],
    risk: question.risk,
    digest: digestOfCall(question),
    identity: identityOf(run, question.occasion),
    ...(question.args_schema === null ? {} : { argsSchema: question.args_schema }),
    ...(question.project_id === null ? {} : { projectId: question.project_id }),
  });
  return {};
}
