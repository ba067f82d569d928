import type { GraphNode } from "@langchain/langgraph";
import type { Intent, ProductOwnerState } from "#graphs/product-owner/state.ts";
import { capabilitiesOf, type CapabilityGroup, type CapabilityName } from "#tools/capabilities.ts";

/** Loads just the tools that the message needs. A registry lookup: the model chose groups, it does not get to choose more. */
export const chooseCapabilities: GraphNode<typeof ProductOwnerState> = (state) => ({ tools: state.intent === null ? [] : toolsFor(state.intent) });

/** A refused message gets no tools; an unclear one may only look at projects; the kind brings the groups it cannot do without. */
export function toolsFor(intent: Intent): CapabilityName[] {
  if (intent.kind === "refuse") return [];
  if (!intent.clear && (intent.kind === "build" || intent.kind === "change"))
    return capabilitiesOf(intent.kind === "change" ? ["projects"] : [], { effects: false });
  return capabilitiesOf([...new Set([...intent.groups, ...NEEDED[intent.kind]])], { effects: intent.clear });
}

const NEEDED: Readonly<Record<Exclude<Intent["kind"], "refuse">, readonly CapabilityGroup[]>> = {
  build: ["delivery"],
  change: ["delivery", "projects"],
  operate: ["operations"],
  status: ["delivery"],
  ask: [],
  chat: [],
};
