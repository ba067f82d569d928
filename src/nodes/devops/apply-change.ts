import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, Done } from "#graphs/devops/state.ts";
import type { ServiceStatus } from "#ports/releases.ts";
import { digestOf } from "#protocol/approval-payload.ts";
import { askAgain } from "./ask-again.ts";
import { refuse } from "./refuse.ts";
import { plannedChange } from "./planned-change.ts";
import { doneBy, orReason } from "./release-outcome.ts";
import { changeArguments } from "./shown-arguments.ts";

/**
 * Rolls back or takes offline. A node that died after the effect finds it done: what was asked for is what serves. Before it, what was approved
 * is compared with what is there now, and what was shown with what is carried out, as for a deploy.
 */
export const applyChange: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const { decision, planned } = state;
  if (decision === null || planned === null) return {};
  if (decision.branch !== ports.run.branch) return askAgain(state, "otherBranch");
  const service = await ports.releases.status(state.project_id);
  const isDone = state.action === "rollback" ? service.serving?.id === planned.target?.id : service.serving === null;
  if (isDone) return { done: doneAlready(service, state.action), notice: null };
  const now = await plannedChange(ports, state);
  if (now.digest !== decision.digest) return askAgain(state, "moved");
  const { reason: _, ...shown } = (await ports.decisions.find("deploy", [decision.approvalId]))?.args ?? {};
  const { name } = await ports.projects.get(state.project_id);
  if (digestOf(shown) !== digestOf(changeArguments(name, now))) return askAgain(state, "notOnRecord");
  const held = { approvalId: decision.approvalId, digest: now.digest };
  if (state.action === "undeploy") {
    const gone = await orReason(ports.releases.undeploy(state.project_id, held));
    if (gone === null) return askAgain(state, "notOnRecord");
    if (typeof gone === "string") return { result: { ...(await refuse(ports, state, "notDone")), summary: gone } };
    return { done: doneAlready(gone, "undeploy"), notice: null };
  }
  const target = planned.target === null ? {} : { releaseId: planned.target.id };
  const outcome = await orReason(ports.releases.rollback(state.project_id, { ...target, reason: state.reason }, held));
  if (outcome === null) return askAgain(state, "notOnRecord");
  if (typeof outcome === "string") return { result: { ...(await refuse(ports, state, "notDone")), summary: outcome } };
  const done = doneBy(outcome, outcome.serving ?? outcome.release);
  const back = outcome.serving !== null && outcome.serving.id === planned.target?.id;
  return { done: { ...done, status: back ? "rolled_back" : "failed" }, notice: null };
};

function doneAlready(service: ServiceStatus, action: DevopsState["action"]): Done {
  const serves = action === "rollback";
  return {
    status: serves ? "rolled_back" : "undeployed",
    releaseId: service.serving?.id ?? null,
    releaseNumber: service.serving?.number ?? null,
    url: serves ? service.url : null,
    directUrl: serves ? service.directUrl : null,
    evidence: [],
    logTail: "",
  };
}
