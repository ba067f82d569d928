import { interrupt, type GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, ReleaseCandidate } from "#graphs/devops/state.ts";
import { approvalPayload } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { answeredAs } from "../shared/answered-as.ts";

const SHOWN_FILES = 20;

/** Asks whether to deploy, with the evidence. Only asks: everything shown was gathered before. */
export const askDeploy: GraphNode<typeof DevopsState> = (state, config) => {
  const { run } = portsOf(config);
  const { candidate } = state;
  if (candidate === null) return {};
  const payload = approvalPayload({
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
  const answer: unknown = interrupt(payload);
  const read = readReply(payload, answer);
  if (!read.ok) return { decision: null, notice: read.problem, asked: state.asked + 1 };
  const { type, message } = read.decision;
  return { notice: null, decision: { type, message, approvalId: answeredAs(payload, answer), branch: run.branch, digest: candidate.digest } };
};

/** What a person is shown of a candidate; compared once more before the effect. */
export function deployArguments(project: string, candidate: ReleaseCandidate): Record<string, unknown> {
  const { files, added, removed, paths } = candidate.diff;
  return {
    project,
    commit: candidate.commitSha,
    tests: candidate.tests,
    diff: { files, added, removed, paths: paths.slice(0, SHOWN_FILES) },
    start_command: candidate.startCommand,
    health_path: candidate.healthPath,
    configuration: candidate.publicEnvironment,
    secrets: candidate.secretNames,
    rollback_target: candidate.rollbackTarget === null ? null : candidate.rollbackTarget.number,
  };
}

/** The question, under the reason why it is asked again. */
export function withNotice({ notice, description }: Pick<DevopsState, "notice" | "description">): string {
  return notice === null ? description : `**${notice}**\n\n${description}`;
}
