import type { RunStatus, ThreadStatus } from "#protocol/wire.ts";
import { cachedValues } from "./cached-values.ts";
import type { Sql } from "./sql.ts";

export interface FinishedRun {
  runId: string;
  threadId: string;
  epoch: number;
  status: Extract<RunStatus, "success" | "error" | "timeout" | "interrupted">;
  error: { error: string; message: string } | null;
  /** Number of the last event on the thread's log; null leaves it as it is. */
  lastEvent: number | null;
  thread: {
    status: Exclude<ThreadStatus, "busy">;
    /** JSON text; null leaves the cached values as they are. */
    valuesJson: string | null;
    interruptsJson: string;
    error: { error: string; message: string } | null;
  };
}

/**
 * The last write of a run and what its thread becomes. Null when the lease was lost: then nothing was written. `more`: runs wait for the thread.
 * The caller holds the thread's row lock, taken in an earlier statement, so that a run inserted meanwhile keeps the thread busy.
 */
export async function finishRunRow(sql: Sql, run: FinishedRun): Promise<{ more: boolean } | null> {
  const rows = await sql<{ more: boolean }[]>`
    with r as (
      update runs set status = ${run.status}, error = ${run.error === null ? null : JSON.stringify(run.error)}, ended_at = now(), updated_at = now()
      where run_id = ${run.runId} and epoch = ${run.epoch} and status = 'running' returning run_id, thread_id
    ), lease as (delete from run_leases where run_id in (select run_id from r)
    ), thread as (
      update threads set
        status = case when exists (select 1 from runs o where o.thread_id = r.thread_id and o.status = 'pending') then 'busy' else ${run.thread.status} end,
        resting = ${run.thread.status},
        ${run.thread.valuesJson === null ? sql`` : sql`${cachedValues(sql, run.thread.valuesJson)},`}
        seq = ${run.lastEvent === null ? sql`threads.seq` : sql`${run.lastEvent}`},
        interrupts = ${run.thread.interruptsJson}, error = ${run.thread.error === null ? null : JSON.stringify(run.thread.error)}, updated_at = now()
      from r where threads.thread_id = r.thread_id
    )
    select exists (select 1 from runs o where o.thread_id = r.thread_id and o.status = 'pending') as more from r`;
  return rows[0] ?? null;
}
