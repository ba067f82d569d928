import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import { EngineeringResult } from "#protocol/team-work.ts";
import type { StartedWork } from "#tools/started-work.ts";

/** Call under which the deployment of a delivery is started. */
export const deploymentCall = (engineeringCall: string) => `${engineeringCall}:deploy`;

/** The green delivery that has to be deployed now, by typed facts: what the person wanted, and what engineering's run ended with. */
export function deploymentDue({ outcome, works }: Pick<ProductOwnerState, "outcome" | "works">): { work: StartedWork; result: EngineeringResult } | null {
  const work = outcome === null ? undefined : works[outcome.call];
  if (outcome?.status !== "done" || work?.team !== "engineering" || work.deliver !== "service") return null;
  if (Object.hasOwn(works, deploymentCall(work.call))) return null;
  const result = EngineeringResult.safeParse(outcome.result);
  return result.success && result.data.status === "green" ? { work, result: result.data } : null;
}
