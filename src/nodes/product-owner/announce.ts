import { AIMessage } from "@langchain/core/messages";
import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { Outcome, ProductOwnerState } from "#graphs/product-owner/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { brokenText, devopsText, engineeringText } from "#prompts/product-owner/announce.ts";
import type { Texts } from "#prompts/shared/texts.ts";
import { DevopsResult, EngineeringResult } from "#protocol/team-work.ts";
import { closeDelivery } from "#tools/find-project.ts";
import type { StartedWork } from "#tools/started-work.ts";
import { sayIn } from "../shared/say-in.ts";
import { messageId } from "../shared/tidy-answer.ts";

/**
 * Tells what a team's run came to. The texts are ours and made of facts only (a model that retold a result could change it); the address
 * in them is the one devops measured. An outcome of a call that this line of the conversation never made is not told.
 */
export const announce: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const { outcome } = state;
  const work = outcome === null ? undefined : state.works[outcome.call];
  if (outcome === null || work === undefined || outcome.status === "decided") return {};
  const ports = portsOf(config);
  const works = { ...state.works, [work.call]: { ...work, status: outcome.status } };
  if (outcome.status === "failed" || outcome.status === "cancelled") await closeDelivery(ports.projects, work.projectId, work.threadId, outcome.status);
  if (outcome.status === "done") await keepOnMain(ports, work, outcome);
  const text = await tell(ports, work, outcome, { language: state.language, signal: config.signal });
  if (text === null) return { works };
  return { works, messages: [new AIMessage({ id: messageId(state.messages, outcome.call, outcome.status), content: text })] };
};

async function tell(
  ports: RunPorts,
  work: StartedWork,
  outcome: Outcome,
  { language, signal }: { language: string; signal: AbortSignal | undefined },
): Promise<string | null> {
  const facts = { project: work.projectName, team: work.team };
  const say = (said: Texts) => sayIn(language, said, { models: ports.models, signal });
  if (outcome.status === "waiting") {
    const asked = (await ports.approvals.pendingOfTeams()).findLast((approval) => approval.threadId === work.threadId);
    // the team wrote it in the person's language; decided in the meantime: nothing to tell
    return asked?.description ?? null;
  }
  if (outcome.status === "done") {
    const engineering = work.team === "engineering" ? EngineeringResult.safeParse(outcome.result) : null;
    if (engineering?.success === true) return say(engineeringText(facts, engineering.data, work.deliver === "service" ? "deploy" : "nothing"));
    const devops = work.team === "devops" ? DevopsResult.safeParse(outcome.result) : null;
    if (devops?.success === true) return say(devopsText(facts, devops.data));
    return say(brokenText(facts, "failed", "The team ended without a result."));
  }
  return say(brokenText(facts, outcome.status === "cancelled" ? "cancelled" : "failed", outcome.error));
}

/**
 * The next delivery of the project starts from its main branch, so what is green and planned with the person goes there. The news only says
 * where to look: what counts is the delivery that engineering wrote down when it promoted an approved plan's commit.
 */
async function keepOnMain(ports: RunPorts, work: StartedWork, { result }: Outcome): Promise<void> {
  const green = work.team === "engineering" ? EngineeringResult.safeParse(result).data : undefined;
  if (green?.status !== "green" || green.commit_sha === null) return;
  const deliveries = await ports.projects.deliveries(work.projectId);
  if (deliveries.some((one) => one.headSha === green.commit_sha && (one.status === "green" || one.status === "deployed")))
    await ports.workspaces.mergeToMain(work.projectId, green.commit_sha);
}
