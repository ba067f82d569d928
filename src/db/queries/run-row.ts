import type { MultitaskStrategy, RunStatus } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";

export interface RunRow {
  run_id: string;
  thread_id: string;
  sequence: number;
  assistant_id: string;
  graph_id: string;
  owner: string;
  status: RunStatus;
  metadata: Record<string, unknown>;
  kwargs: Record<string, unknown>;
  multitask_strategy: MultitaskStrategy;
  branch: string;
  stateless: boolean;
  attempt: number;
  failures: number;
  crashes: number;
  epoch: number;
  worker: string | null;
  cancel: "interrupt" | "rollback" | null;
  error: { error: string; message: string } | null;
  base_checkpoint: string | null;
  run_after: Date;
  created_at: Date;
  updated_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

/** All columns of a run; bigints as numbers (they count, they do not overflow). */
export const runColumns = (sql: Sql) => sql`
  r.run_id, r.thread_id, r.sequence::float8 as sequence, r.assistant_id, r.graph_id, r.owner, r.status, r.metadata, r.kwargs, r.multitask_strategy, r.branch,
  r.stateless, r.attempt, r.failures, r.crashes, r.epoch::float8 as epoch, r.worker, r.cancel, r.error, r.base_checkpoint, r.run_after, r.created_at,
  r.updated_at, r.started_at, r.ended_at`;

/** A run that was just claimed, with what its end needs to know about its thread. */
export interface ClaimedRow extends RunRow {
  parent_thread_id: string | null;
  parent_call: string | null;
  had_interrupts: boolean;
  /** The thread was followed over protocol v2 before. */
  has_events: boolean;
  temporary: boolean;
}

export const claimedThreadColumns = (sql: Sql) =>
  sql`t.parent_thread_id, t.parent_call, t.interrupts <> '{}'::jsonb as had_interrupts, t.seq > 0 as has_events, t.temporary`;
