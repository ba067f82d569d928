import type { PendingInterrupt } from "#governance/approval-view.ts";
import { type Asking, readAsking } from "./asking.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toJson } from "./serialise.ts";
import { settingsOfThread } from "./thread-settings.ts";
import { interruptsByTask } from "./thread-state.ts";

/** Where a thread stands: its state, and what waits in it. */
export interface ThreadStand {
  valuesJson: string | null;
  /** Nodes that would run next: paused, whether it asked something or not. */
  next: readonly string[];
  interruptsJson: string;
  interrupts: PendingInterrupt[];
}

/** Nothing runs next and nothing is asked. */
export const AT_REST: Omit<ThreadStand, "valuesJson"> = { next: [], interruptsJson: "{}", interrupts: [] };

const NOTHING_ASKED: Asking = { positions: new Map(), answered: new Set() };

/**
 * Reads a thread's newest state through its graph. `answered`: how many answers had been consumed where this run answered; a node that took
 * one more and then failed does not ask any more.
 */
export async function threadStand(context: RuntimeContext, graphId: string, threadId: string, answered: Record<string, number> = {}): Promise<ThreadStand> {
  const config = { configurable: { ...(await settingsOfThread(context, graphId, threadId)), thread_id: threadId } };
  const graph = await context.graphs.compiled(graphId, config);
  const snapshot = await graph.getState(config);
  if (snapshot.metadata === undefined && snapshot.createdAt === undefined) return { ...AT_REST, valuesJson: null };
  const asks = snapshot.tasks.some((task) => task.interrupts.length > 0);
  const { positions, answered: done } = asks ? await readAsking(context, threadId) : NOTHING_ASKED;
  const waiting = snapshot.tasks.filter((task) => task.interrupts.length > 0 && !done.has(task.id));
  const byTask = interruptsByTask({ tasks: waiting });
  const failed = new Set(waiting.filter((task) => task.error !== undefined).flatMap((task) => (byTask[task.id] ?? []).map((interrupt) => interrupt.id)));
  return {
    valuesJson: toJson(snapshot.values),
    // a task that asks its second question is missing in LangGraph's list
    next: [...new Set([...snapshot.next, ...waiting.map((task) => task.name)])],
    interruptsJson: JSON.stringify(byTask),
    interrupts: Object.values(byTask)
      .flat()
      .map((interrupt) => ({ id: interrupt.id, value: interrupt.value, position: positions.get(interrupt.id) ?? 0 }))
      .filter((interrupt) => !failed.has(interrupt.id) || interrupt.position <= (answered[interrupt.id] ?? interrupt.position)),
  };
}
