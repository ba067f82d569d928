import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { askHuman } from "../shared/ask-human.ts";
import { plainValueProblem } from "../shared/plain-value-problem.ts";
import { withNotice } from "./with-notice.ts";

/**
 * Asks for values that only a person has. They go into the secret store before this node is resumed; what comes back are references, and
 * not even those are kept: verify_secrets asks the store.
 */
export const askSecrets: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const { approvalId, decision, problem } = askHuman({
    kind: "secret",
    action: "provide_secrets",
    args: Object.fromEntries(state.missing.map((name) => [name, ""])),
    description: withNotice(state),
    allowed: ["edit", "reject"],
    risk: "medium",
    digest: null,
    argsSchema: {
      type: "object",
      properties: Object.fromEntries(state.missing.map((name) => [name, { type: "string", format: "password" }])),
      required: state.missing,
    },
    identity: { threadId: run.threadId, branch: run.branch, occasion: `secrets ${state.asked}` },
    projectId: state.project_id,
  });
  if (decision === null) return { decision: null, notice: problem };
  const leaked = plainValueProblem(decision.args);
  if (leaked !== null) return { decision: null, notice: leaked };
  const { type, message } = decision;
  return { notice: null, decision: { type, message, approvalId, branch: run.branch, digest: null } };
};
