import { randomUUID } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { FENCE_KEY } from "#runtime/checkpointer-config.ts";
import type { Sql } from "#db/queries/sql.ts";

export interface RunningRun {
  readonly runId: string;
  readonly threadId: string;
  /** Names the thread, and carries the run's fence. */
  readonly config: RunnableConfig;
}

/** A thread with a run that is at work on it, in its first epoch, as rows only: nobody executes it. */
export async function runningRun(sql: Sql): Promise<RunningRun> {
  const [runId, threadId] = [randomUUID(), randomUUID()];
  await sql`insert into threads (thread_id, owner) values (${threadId}, 'local')`;
  await sql`
    insert into runs (run_id, thread_id, assistant_id, graph_id, owner, status, kwargs, branch, epoch)
    values (${runId}, ${threadId}, ${randomUUID()}, 'g', 'local', 'running', '{}', ${runId}, 1)`;
  return { runId, threadId, config: { configurable: { thread_id: threadId, [FENCE_KEY]: { runId, epoch: 1 } } } };
}
