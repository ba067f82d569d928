import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { deployText } from "#prompts/devops/prepare-release.ts";
import { sayIn } from "../shared/say-in.ts";
import { refuse } from "./refuse.ts";
import { releaseCandidate } from "./release-candidate.ts";

/** Gathers the evidence and words the question, so that the ask-node only has to ask. */
export const prepareRelease: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const candidate = await releaseCandidate(ports, state);
  if (typeof candidate === "string") return { result: await refuse(ports, state, candidate) };
  // the question names the project as it is called, not as the order calls it
  const { name } = await ports.projects.get(state.project_id);
  const description = await sayIn(state.language, deployText(name, candidate), { models: ports.models, signal: config.signal });
  return { project_name: name, candidate, description, decision: null, asked: state.asked + 1 };
};
