import { AppError } from "#errors";
import type { RunPorts } from "#ports/run.ts";

/**
 * The reserved key under which `runtime/run-config.ts` hands a run its ports. It starts with two underscores, so LangGraph keeps it
 * out of checkpoint metadata, and it reaches subgraphs whatever context schema their parent has (a `context` key would be
 * stripped by a foreign parent's schema).
 */
export const PORTS_KEY = "__slipway";

/** The part of a node's second argument that this module reads. */
export interface WithConfigurable {
  configurable?: Record<string, unknown>;
}

/** The ports of this run, or null outside a Slipway server (for example under LangGraph's own CLI). */
function findPorts(config: WithConfigurable | undefined): RunPorts | null {
  const ports = config?.configurable?.[PORTS_KEY];
  // run-config is the only writer of this key and strips it from what clients send
  return ports === undefined ? null : (ports as RunPorts);
}

/** The ports of this run; fails with `ports_missing` where there are none. */
export function portsOf(config: WithConfigurable | undefined): RunPorts {
  const ports = findPorts(config);
  if (ports === null) {
    throw new AppError(
      "ports_missing",
      "This node needs Slipway's run ports. Run the graph through a Slipway server (npm start); other servers can draw it but not run it.",
    );
  }
  return ports;
}
