import type { GraphNode } from "@langchain/langgraph";
import { isAppError, type ErrorCode } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, Done } from "#graphs/devops/state.ts";
import type { DeployOutcome } from "#ports/releases.ts";
import { noticeTexts } from "#prompts/devops/texts.ts";
import { inOurWords, refuse } from "./order.ts";
import { releaseCandidate } from "./release-candidate.ts";

/**
 * The effect. It happens once per approval: a node that died after it finds the release that the approval already made. Before it, what
 * was approved is compared with what is there now, and the branch with the one the approval was given on; if either moved, the question
 * is asked again.
 */
export const deploy: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const { decision, candidate } = state;
  if (decision === null || candidate === null) return {};
  if (decision.branch !== ports.run.branch) return { decision: null, notice: inOurWords(state.language, noticeTexts.otherBranch) };
  const { releases } = await ports.releases.status(state.project_id);
  // our own release moved the rollback target: comparing again would ask for what already happened
  const isBegun = releases.some((release) => release.approvalId === decision.approvalId);
  if (!isBegun) {
    const now = await releaseCandidate(ports, state);
    if (typeof now === "string") return { decision: null, result: await refuse(ports, state, now) };
    if (now.digest !== decision.digest) return { decision: null, notice: inOurWords(state.language, noticeTexts.moved) };
  }
  const outcome = await orReason(
    ports.releases.deploy({
      projectId: state.project_id,
      commitSha: candidate.commitSha,
      reportId: candidate.reportId,
      stack: candidate.stack,
      startCommand: candidate.startCommand,
      healthPath: candidate.healthPath,
      publicEnvironment: candidate.publicEnvironment,
      secretNames: candidate.secretNames,
      approvalId: decision.approvalId,
      ...(config.signal === undefined ? {} : { signal: config.signal }),
    }),
  );
  if (typeof outcome === "string") return { result: { ...(await refuse(ports, state, "notDone")), summary: outcome } };
  return { done: doneBy(outcome, outcome.release), notice: null };
};

/** What the releases port refuses for good is a result with a reason, not a broken run. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "deploy_failed",
  "invalid_request",
  "secret_missing",
  "conflict",
  "not_found",
  "commit_unknown",
  "disk_full",
  "sandbox_unavailable",
  "secrets_key_missing",
]);

/** The outcome, or the reason why there can be none. */
export async function orReason(outcome: Promise<DeployOutcome>): Promise<DeployOutcome | string> {
  try {
    return await outcome;
  } catch (error) {
    if (isAppError(error) && REFUSALS.has(error.code)) return error.message;
    throw error;
  }
}

const LOG_LIMIT = 4_000;

/** What the state keeps of an outcome. */
export function doneBy(outcome: DeployOutcome, release: { id: string; number: number }): Done {
  const serves = outcome.serving !== null;
  return {
    status: outcome.status,
    releaseId: release.id,
    releaseNumber: release.number,
    url: serves ? outcome.url : null,
    directUrl: serves ? outcome.directUrl : null,
    evidence: outcome.evidence.map(({ phase, ok, message }) => ({ phase, ok, message })),
    logTail: outcome.logTail.slice(-LOG_LIMIT),
  };
}
