import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, Done } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import type { DevopsResult } from "#protocol/team-work.ts";
import { refuse } from "./refuse.ts";

/** Ends the work: the result for the product owner, and the delivery's row with the step that made the release. */
export const report: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  if (state.result !== null) return {};
  const { done, decision, candidate } = state;
  const decided = await decidedFor(ports, decision);
  if (done === null) return { result: { ...(await refuse(ports, state, "declined", "rejected")), decided } };
  if (state.action === "deploy" && done.status === "live" && state.delivery_id !== null) {
    const delivery = await ports.projects.saveDelivery({ id: state.delivery_id, projectId: state.project_id, status: "deployed", releaseId: done.releaseId });
    await ports.projects.recordStep({
      deliveryId: delivery.id,
      threadId: ports.run.threadId,
      checkpointId: config.executionInfo?.checkpointId ?? "",
      node: "deploy",
      round: delivery.rounds,
      commitSha: candidate?.commitSha ?? null,
      reportId: candidate?.reportId ?? null,
      releaseId: done.releaseId,
    });
  }
  const result: DevopsResult = {
    status: done.status,
    project_id: state.project_id,
    release_id: done.releaseId,
    release_number: done.releaseNumber,
    url: done.url,
    direct_url: done.directUrl,
    summary: summaryOf(done, decision?.message ?? null, state.reason),
    decided,
  };
  return { result };
};

/** The person is told who answered for them. By the record, as the state can be edited by hand; what ran out has none and only its reason. */
async function decidedFor({ decisions, run }: RunPorts, decision: DevopsState["decision"]): Promise<DevopsResult["decided"]> {
  if (decision === null) return null;
  const recorded = await decisions.find("deploy", [decision.approvalId]);
  return recorded === null || recorded.decidedBy === run.owner ? null : { by: recorded.decidedBy, message: recorded.decision.message };
}

const LOG_LINES = 12;

/** Success needs no words; a failure gets what the health gate saw and what the process printed last. */
function summaryOf(done: Done, message: string | null, reason: string): string {
  if (done.status === "live" || done.status === "undeployed") return message ?? "";
  const failed = done.evidence.filter((one) => !one.ok).map((one) => `${one.phase}: ${one.message}`);
  if (failed.length === 0) return reason;
  const log = done.logTail.trim().split("\n").slice(-LOG_LINES).join("\n");
  return [...failed, ...(log === "" ? [] : ["log:", log])].join("\n");
}
