import type { GraphNode } from "@langchain/langgraph";
import { isAppError, type ErrorCode } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, Done } from "#graphs/devops/state.ts";
import type { DeployOutcome } from "#ports/releases.ts";
import { noticeTexts } from "#prompts/devops/texts.ts";
import { inOurWords } from "#prompts/shared/texts.ts";
import { digestOf } from "#protocol/approval-payload.ts";
import { deployArguments } from "./ask-deploy.ts";
import { refuse } from "./refuse.ts";
import { releaseCandidate } from "./release-candidate.ts";

/**
 * The effect. It happens once per approval: a node that died after it finds the release that the approval already made. Before it, what
 * was approved is compared with what is there now, what was shown with what is carried out, and the branch with the one the approval was
 * given on; the releases port looks the approval up in the inbox. Where anything does not fit, the question is asked again. What is carried
 * out is read from the world, never from the state, which can be edited.
 */
export const deploy: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const { decision, candidate } = state;
  if (decision === null || candidate === null) return {};
  if (decision.branch !== ports.run.branch) return { decision: null, notice: inOurWords(state.language, noticeTexts.otherBranch) };
  const { releases } = await ports.releases.status(state.project_id);
  // our own release moved the rollback target: comparing again would ask for what already happened
  const isBegun = releases.some((release) => release.approvalId === decision.approvalId);
  let approved = candidate;
  if (!isBegun) {
    const now = await releaseCandidate(ports, state);
    if (typeof now === "string") return { decision: null, result: await refuse(ports, state, now) };
    if (now.digest !== decision.digest) return { decision: null, notice: inOurWords(state.language, noticeTexts.moved) };
    const held = await ports.decisions.find("deploy", [decision.approvalId]);
    const { name } = await ports.projects.get(state.project_id);
    if (held === null || digestOf(held.args) !== digestOf(deployArguments(name, now))) return undecided(state);
    approved = now;
  }
  const outcome = await orReason(
    ports.releases.deploy(
      {
        projectId: state.project_id,
        commitSha: approved.commitSha,
        reportId: approved.reportId,
        stack: approved.stack,
        startCommand: approved.startCommand,
        healthPath: approved.healthPath,
        publicEnvironment: approved.publicEnvironment,
        secretNames: approved.secretNames,
        approvalId: decision.approvalId,
        ...(config.signal === undefined ? {} : { signal: config.signal }),
      },
      approved.digest,
    ),
  );
  if (outcome === null) return undecided(state);
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

/** The outcome, or the reason why there can be none; null: nobody approved it. */
export async function orReason<T>(outcome: Promise<T>): Promise<T | string | null> {
  try {
    return await outcome;
  } catch (error) {
    if (isAppError(error) && error.code === "decision_missing") return null;
    if (isAppError(error) && REFUSALS.has(error.code)) return error.message;
    throw error;
  }
}

/** Back to the question, with the reason. */
export function undecided({ language }: Pick<DevopsState, "language">): Pick<DevopsState, "decision" | "notice"> {
  return { decision: null, notice: inOurWords(language, noticeTexts.notOnRecord) };
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
