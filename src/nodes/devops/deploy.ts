import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { digestOf } from "#protocol/approval-payload.ts";
import { askAgain } from "./ask-again.ts";
import { refuse } from "./refuse.ts";
import { releaseCandidate } from "./release-candidate.ts";
import { doneBy, orReason } from "./release-outcome.ts";
import { deployArguments } from "./shown-arguments.ts";

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
  if (decision.branch !== ports.run.branch) return askAgain(state, "otherBranch");
  const { releases } = await ports.releases.status(state.project_id);
  // our own release moved the rollback target: comparing again would ask for what already happened
  const isBegun = releases.some((release) => release.approvalId === decision.approvalId);
  let approved = candidate;
  if (!isBegun) {
    const now = await releaseCandidate(ports, state);
    if (typeof now === "string") return { decision: null, result: await refuse(ports, state, now) };
    if (now.digest !== decision.digest) return askAgain(state, "moved");
    const held = await ports.decisions.find("deploy", [decision.approvalId]);
    const { name } = await ports.projects.get(state.project_id);
    if (held === null || digestOf(held.args) !== digestOf(deployArguments(name, now))) return askAgain(state, "notOnRecord");
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
  if (outcome === null) return askAgain(state, "notOnRecord");
  if (typeof outcome === "string") return { result: { ...(await refuse(ports, state, "notDone")), summary: outcome } };
  return { done: doneBy(outcome, outcome.release), notice: null };
};
