import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { askHuman } from "../shared/ask-human.ts";
import { deployArguments } from "./shown-arguments.ts";
import { withNotice } from "./with-notice.ts";

/** Asks whether to deploy, with the evidence. Only asks: everything shown was gathered before. */
export const askDeploy: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const { candidate } = state;
  if (candidate === null) return {};
  const { approvalId, decision, problem } = askHuman({
    kind: "deploy",
    action: "deploy",
    args: deployArguments(state.project_name, candidate),
    description: withNotice(state),
    allowed: ["approve", "reject"],
    risk: "high",
    digest: candidate.digest,
    evidence: [
      { kind: "commit", ref: candidate.commitSha },
      { kind: "diff", ref: candidate.diff.digest },
      { kind: "test_report", ref: candidate.reportId },
    ],
    identity: { threadId: run.threadId, branch: run.branch, occasion: `deploy ${state.asked}` },
    projectId: state.project_id,
  });
  if (decision === null) return { decision: null, notice: problem, asked: state.asked + 1 };
  const { type, message } = decision;
  return { notice: null, decision: { type, message, approvalId, branch: run.branch, digest: candidate.digest } };
};
