import { interruptId } from "./interrupt-id.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/**
 * A run that carries answers died before the thread's head moved. LangGraph gives the questions of one node one id, and an answer that its
 * node has taken is stored with the task; giving it again would answer the node's next question with it. So an answer is given again only
 * while its node has consumed as many answers as when the question was asked.
 */
export async function unconsumedAnswers(context: RuntimeContext, run: { thread_id: string }, kwargs: RunKwargs): Promise<unknown> {
  const resume = kwargs.command?.resume;
  const positions = kwargs.resume_positions;
  if (!positions || typeof resume !== "object" || resume === null) return resume;
  const { positions: now } = await readAsking(context, run.thread_id, kwargs.checkpoint?.checkpoint_id ?? undefined);
  const left = Object.entries(resume).filter(([id]) => positions[id] === undefined || (now.get(id) ?? positions[id]) <= positions[id]);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

const SPECIAL = new Set(["__interrupt__", "__resume__", "__error__", "__error_source_node__", "__scheduled__"]);

/** Where the questions at a checkpoint stand, which LangGraph's own snapshot does not tell. */
export interface Asking {
  /** By interrupt id: answers that its task consumed so far. */
  positions: Map<string, number>;
  /** Tasks that went on and are done, though their question is still listed. */
  answered: Set<string>;
}

/** Reads the writes that wait at a checkpoint of a thread, by default its head. */
export async function readAsking(context: RuntimeContext, threadId: string, checkpointId?: string): Promise<Asking> {
  const tuple = await context.checkpointer.getTuple({
    configurable: { thread_id: threadId, checkpoint_ns: "", ...(checkpointId === undefined ? {} : { checkpoint_id: checkpointId }) },
  });
  const writes = tuple?.pendingWrites ?? [];
  const consumed = new Map<string, number>();
  const answered = new Set<string>();
  for (const [task, channel, value] of writes) {
    if (channel === "__resume__") consumed.set(task, (consumed.get(task) ?? 0) + (Array.isArray(value) ? value.length : 1));
    else if (!SPECIAL.has(channel)) answered.add(task);
  }
  const positions = new Map<string, number>();
  for (const [task, channel, value] of writes) {
    if (channel !== "__interrupt__") continue;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const id = interruptId(one);
      if (id !== null) positions.set(id, consumed.get(task) ?? 0);
    }
  }
  return { positions, answered };
}
