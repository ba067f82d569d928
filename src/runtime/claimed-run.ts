import type { ClaimedRow, RunRow } from "#db/queries/run-row.ts";
import { childOf, type ChildThread } from "./team-outcome.ts";

/** A run that this process holds, with what its end needs to know about its thread. */
export interface ClaimedRun extends RunRow {
  child: ChildThread | null;
  /** Questions were pending on the thread when the run was claimed. */
  had_interrupts: boolean;
  /** The thread was followed over protocol v2 before, so its events go on whatever way this run came. */
  has_events: boolean;
  temporary: boolean;
}

/** A row that was just claimed, with whose child its thread is. */
export function claimedRun(row: ClaimedRow): ClaimedRun {
  const { parent_thread_id, parent_call, ...run } = row;
  return { ...run, child: childOf({ thread_id: run.thread_id, graph_id: run.graph_id, parent_thread_id, parent_call }) };
}
