import type { Caller } from "#ports/caller.ts";
import type { RunsService, RunStream } from "#ports/services/runs.ts";
import type { ThreadsService } from "#ports/services/threads.ts";
import type { Run, Thread } from "#protocol/wire.ts";
import { z } from "zod";

/**
 * How the run of an agent stands, as other agents' protocols (MCP, A2A) ask: they know neither threads nor checkpoints.
 * `waiting`: it asked something. `going`: it has not ended.
 */
export interface AgentOutcome {
  readonly status: "success" | "waiting" | "error" | "cancelled" | "going";
  readonly threadId: string;
  readonly runId: string;
  /** The thread's values. */
  readonly values: unknown;
  /** What is asked, when waiting; none at a breakpoint. */
  readonly questions: readonly { id: string; value: unknown }[];
  /** Why it failed. */
  readonly error: string | null;
  readonly updatedAt: string;
}

export interface AgentServices {
  readonly runs: RunsService;
  readonly threads: ThreadsService;
}

/** Reads how a run stands now. */
export async function agentOutcome({ runs, threads }: AgentServices, caller: Caller, run: Pick<Run, "run_id" | "thread_id">): Promise<AgentOutcome> {
  const now = await runs.get(caller, run.thread_id, run.run_id);
  const thread = await threads.get(caller, run.thread_id);
  const failure = now.status === "error" || now.status === "timeout" ? await failureOf(runs, caller, now) : null;
  const status = statusOf(now, thread);
  return {
    status,
    threadId: now.thread_id,
    runId: now.run_id,
    values: thread.values,
    questions: status === "waiting" ? Object.values(thread.interrupts).flat() : [],
    error: failure,
    updatedAt: now.updated_at,
  };
}

function statusOf(run: Run, thread: Thread): AgentOutcome["status"] {
  if (run.status === "pending" || run.status === "running") return "going";
  if (run.status === "interrupted") return "cancelled";
  if (run.status !== "success") return "error";
  return thread.status === "interrupted" ? "waiting" : "success";
}

const Failure = z.object({ __error__: z.object({ message: z.string() }) });

async function failureOf(runs: RunsService, caller: Caller, run: Run): Promise<string> {
  const values = await runs.join(caller, run.thread_id, run.run_id, { cancelOnDisconnect: false, signal: AbortSignal.timeout(5_000) });
  return Failure.safeParse(values).data?.__error__.message ?? `The run ended with ${run.status}.`;
}

/** The steps of a run as they come: names of the nodes that have just finished. Ends with the run. */
export async function* agentSteps(stream: RunStream): AsyncGenerator<string[]> {
  for await (const frame of stream) {
    if (frame.event !== "updates") continue;
    const update: unknown = JSON.parse(frame.data);
    if (typeof update !== "object" || update === null) continue;
    const nodes = Object.keys(update).filter((name) => !name.startsWith("__"));
    if (nodes.length > 0) yield nodes;
  }
}
