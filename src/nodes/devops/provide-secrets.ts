import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { secretsText } from "#prompts/devops/provide-secrets.ts";
import { sayIn } from "../shared/say-in.ts";

/** Makes the keys that only the service needs, once per project, and finds out which values a person still has to give. */
export const provideSecrets: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  for (const one of state.environment) if (one.class === "generated") await ports.secrets.ensureGenerated(state.project_id, one.name);
  const wanted = state.environment.filter((one) => one.class === "user");
  const { missing } = await ports.secrets.references(
    state.project_id,
    wanted.map((one) => one.name),
  );
  if (missing.length === 0) return { missing: [] };
  const asked = wanted.filter((one) => missing.includes(one.name));
  const description = await sayIn(state.language, secretsText(state.project_name, asked), { models: ports.models, signal: config.signal });
  return { missing: asked.map((one) => one.name), description, asked: state.asked + 1, notice: null };
};
