import { insertOutbox } from "#db/queries/insert-outbox.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { TeamOutcome } from "#ports/teams.ts";
import { idOf } from "./ids.ts";

/** A thread that a parent's graph started. */
export interface ChildThread {
  threadId: string;
  graphId: string;
  parentThreadId: string;
  parentCall: string;
}

/** The columns that say whose child a thread is. */
export function childOf(row: { thread_id: string; graph_id: string | null; parent_thread_id: string | null; parent_call: string | null }): ChildThread | null {
  if (row.parent_thread_id === null || row.parent_call === null || row.graph_id === null) return null;
  return { threadId: row.thread_id, graphId: row.graph_id, parentThreadId: row.parent_thread_id, parentCall: row.parent_call };
}

/** The `result` field of a team's state. */
export function resultOf(values: unknown): unknown {
  return typeof values === "object" && values !== null && "result" in values ? values.result : null;
}

/** Queues the wake-up of a child's parent, in the transaction that made it true. `occasion` tells one outcome of a child from the next. */
export async function queueOutcome(sql: Sql, child: ChildThread, occasion: string, outcome: Pick<TeamOutcome, "status" | "result" | "error">): Promise<void> {
  const payload: Record<string, unknown> = { call: child.parentCall, team: child.graphId, threadId: child.threadId, ...outcome };
  await insertOutbox(sql, { id: idOf("outcome", child.threadId, occasion, outcome.status), kind: "team_outcome", threadId: child.parentThreadId, payload });
}
