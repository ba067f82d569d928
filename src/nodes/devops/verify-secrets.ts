import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { noticeTexts } from "#prompts/devops/ask-again.ts";
import { inOurWords } from "#prompts/shared/texts.ts";
import { refuse } from "./refuse.ts";

/** The store is asked, not the answer: what is still missing there is asked for again, with the reason. */
export const verifySecrets: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  if (state.decision?.type === "reject") return { decision: null, missing: [], result: await refuse(ports, state, "noSecrets", "rejected") };
  const { missing } = await ports.secrets.references(state.project_id, state.missing);
  if (missing.length === 0) return { decision: null, missing: [], notice: null };
  return { decision: null, missing, asked: state.asked + 1, notice: state.notice ?? inOurWords(state.language, noticeTexts.stillMissing) };
};
