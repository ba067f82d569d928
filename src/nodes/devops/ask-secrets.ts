import { interrupt, type GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { approvalPayload } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { plainValueProblem } from "../shared/secret-references.ts";
import { withNotice } from "./ask-deploy.ts";

/**
 * Asks for values that only a person has. They go into the secret store before this node is resumed; what comes back are references, and
 * not even those are kept: verify_secrets asks the store.
 */
export const askSecrets: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const payload = approvalPayload({
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
  const read = readReply(payload, interrupt(payload));
  const problem = read.ok ? plainValueProblem(read.decision.args) : read.problem;
  if (!read.ok || problem !== null) return { decision: null, notice: problem };
  return {
    notice: null,
    decision: { type: read.decision.type, message: read.decision.message, approvalId: payload.x.approval_id, branch: run.branch, digest: null },
  };
};
