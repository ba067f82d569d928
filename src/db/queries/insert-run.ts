import { type RunRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";

export interface NewRun {
  runId: string;
  threadId: string;
  assistantId: string;
  graphId: string;
  owner: string;
  metadata: Record<string, unknown>;
  kwargs: Record<string, unknown>;
  multitaskStrategy: string;
  branch: string;
  stateless: boolean;
  afterSeconds: number;
  /** The worker of this process, when the run is inserted already claimed; null leaves it to the queue. */
  claimedBy: string | null;
  leaseSeconds: number;
  /** What the thread learns from the run. */
  threadConfig: Record<string, unknown>;
}

/**
 * Inserts a run, makes its thread busy and, when it is inserted claimed, gives it epoch 1 and a lease: one statement.
 * The caller holds the thread's row lock. No row when a run of this id exists already.
 */
export async function insertRunRow(sql: Sql, run: NewRun): Promise<(RunRow & { has_events: boolean }) | null> {
  const claimed = run.claimedBy !== null;
  const rows = await sql<(RunRow & { has_events: boolean })[]>`
    with r as (
      insert into runs (run_id, thread_id, assistant_id, graph_id, owner, status, metadata, kwargs, multitask_strategy, branch, stateless, attempt, epoch, worker,
        base_checkpoint, run_after, created_at, started_at)
      values (${run.runId}, ${run.threadId}, ${run.assistantId}, ${run.graphId}, ${run.owner}, ${claimed ? "running" : "pending"},
        ${JSON.stringify(run.metadata)}, ${JSON.stringify(run.kwargs)}, ${run.multitaskStrategy}, ${run.branch}, ${run.stateless}, ${claimed ? 1 : 0}, ${claimed ? 1 : 0}, ${run.claimedBy},
        ${claimed ? sql`(select max(checkpoint_id) from checkpoints where thread_id = ${run.threadId}::text and checkpoint_ns = '')` : null},
        now() + make_interval(secs => ${run.afterSeconds}), now() + make_interval(secs => ${run.afterSeconds}), ${claimed ? sql`now()` : null})
      on conflict (run_id) do nothing
      returning *
    ), lease as (
      insert into run_leases (run_id, epoch, lease_until)
      select run_id, epoch, now() + make_interval(secs => ${run.leaseSeconds}) from r where status = 'running'
    ), thread as (
      update threads set status = 'busy', graph_id = r.graph_id, assistant_id = r.assistant_id, updated_at = now(),
        metadata = threads.metadata || jsonb_build_object('graph_id', r.graph_id, 'assistant_id', r.assistant_id),
        config = ${JSON.stringify(run.threadConfig)}
      from r where threads.thread_id = r.thread_id
    )
    select ${runColumns(sql)}, (select t.seq > 0 from threads t where t.thread_id = r.thread_id) as has_events from r`;
  return rows[0] ?? null;
}
