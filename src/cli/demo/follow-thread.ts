import type { Client } from "@langchain/langgraph-sdk";

/** One finished task of a thread: a node, and the update it returned. */
export interface FinishedTask {
  threadId: string;
  checkpointId: string;
  node: string;
  update: Record<string, unknown>;
  at: string | null;
}

/**
 * Reads a thread's history again and again and answers with the tasks that finished since the last look, in order. It reads
 * checkpoints, not a stream, so a demo that was killed and started again sees what happened in between.
 */
export function followThread(client: Client, threadId: string): () => Promise<FinishedTask[]> {
  const seen = new Set<string>();
  return async () => {
    const history = await client.threads.getHistory<Record<string, unknown>>(threadId, { limit: 1_000 });
    return history.toReversed().flatMap((state) =>
      state.tasks.flatMap((task) => {
        const result: unknown = "result" in task ? task.result : null;
        const checkpointId = state.checkpoint.checkpoint_id ?? "";
        const key = `${checkpointId}:${task.id}`;
        if (typeof result !== "object" || result === null || seen.has(key)) return [];
        seen.add(key);
        return [{ threadId, checkpointId, node: task.name, update: result as Record<string, unknown>, at: state.created_at ?? null }];
      }),
    );
  };
}
