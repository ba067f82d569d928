import { claimedThreadColumns, type ClaimedRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";

export interface Claim {
  worker: string;
  leaseSeconds: number;
  limit: number;
  /** Graphs this process has loaded. */
  graphIds: string[];
}

/**
 * Takes pending runs that are due and whose thread is free, the earliest of each thread, oldest first. SKIP LOCKED: two workers never take
 * one run; the unique index on running runs per thread is the last word.
 */
export function claimPendingRuns(sql: Sql, claim: Claim): Promise<ClaimedRow[]> {
  return sql<ClaimedRow[]>`
    with candidate as materialized (
      select r.run_id from runs r
      where r.status = 'pending' and r.run_after <= now() and r.graph_id = any(${claim.graphIds}::text[])
        and not exists (select 1 from runs o where o.thread_id = r.thread_id and o.status = 'running')
        and not exists (select 1 from runs e where e.thread_id = r.thread_id and e.status = 'pending' and e.sequence < r.sequence and e.run_after <= now())
      order by r.run_after, r.sequence limit ${claim.limit}
      for update of r skip locked
    ), r as (
      update runs set status = 'running', worker = ${claim.worker}, epoch = epoch + 1, attempt = attempt + 1, updated_at = now(), started_at = coalesce(started_at, now()),
        base_checkpoint = case when attempt = 0 then (select max(checkpoint_id) from checkpoints c where c.thread_id = runs.thread_id::text and c.checkpoint_ns = '') else base_checkpoint end
      where run_id in (select run_id from candidate)
      returning *
    ), lease as (
      insert into run_leases (run_id, epoch, lease_until) select run_id, epoch, now() + make_interval(secs => ${claim.leaseSeconds}) from r
      on conflict (run_id) do update set epoch = excluded.epoch, lease_until = excluded.lease_until
    )
    select ${runColumns(sql)}, ${claimedThreadColumns(sql)} from r join threads t on t.thread_id = r.thread_id order by r.sequence`;
}
