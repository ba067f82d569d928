import { JUDGED } from "#governance/permit.ts";
import { findThread } from "#db/queries/find-thread.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { settingsOfThread } from "./thread-settings.ts";

/** Whether a question waits at a checkpoint of a thread, by default its newest. */
export async function asksAt(
  context: RuntimeContext,
  threadId: string,
  checkpoint: { checkpoint_id?: string | null | undefined; checkpoint_ns?: string | null | undefined } | null | undefined,
): Promise<boolean> {
  const thread = await findThread(context.database.sql, threadId, JUDGED);
  if (thread === null || thread.graph_id === null) return false;
  const address = {
    thread_id: threadId,
    ...(checkpoint?.checkpoint_ns ? { checkpoint_ns: checkpoint.checkpoint_ns } : {}),
    ...(checkpoint?.checkpoint_id ? { checkpoint_id: checkpoint.checkpoint_id } : {}),
  };
  const config = { configurable: { ...(await settingsOfThread(context, thread.graph_id, threadId)), ...address } };
  const graph = await context.graphs.compiled(thread.graph_id, config);
  const { tasks } = await graph.getState(config);
  return tasks.some((task) => task.interrupts.length > 0);
}
