import type { RunIdentity } from "#ports/run.ts";

interface WithExecutionInfo {
  executionInfo?: { checkpointId: string } | undefined;
}

/** The checkpoint this node started from: what a fork of this step must name. */
export function checkpointOf(runtime: WithExecutionInfo, run: Pick<RunIdentity, "threadId" | "runId">): { threadId: string; checkpointId: string } {
  return { threadId: run.threadId, checkpointId: runtime.executionInfo?.checkpointId ?? run.runId };
}
