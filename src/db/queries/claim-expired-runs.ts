import type { Claim } from "./claim-runs.ts";
import { claimedThreadColumns, type ClaimedRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";

const HEARTBEAT = "slipway-beat ";

/** Name of the connection over which a worker extends its leases (PostgreSQL keeps 63 characters). */
export function heartbeatName(worker: string): string {
  return `${HEARTBEAT}${worker}`.slice(0, 63);
}

/** A heartbeat comes four times a lease; with that part of it left, at least one is missing. */
const MISSED = 0.6;
/** Seconds after a start of PostgreSQL in which living workers have surely sent a heartbeat. */
const MOST_GRACE = 5;

/**
 * Takes over running runs whose lease ran out: their worker died, hangs or lost the database. Earlier, when a heartbeat is missing and the
 * connection it comes over is gone, as after a kill. Not at once after the server was started: while it was away nobody's
 * heartbeat could come. Taking over a worker that lives after all is safe, only wasteful: the raised
 * epoch fences it out.
 * `crashes` counts only while the thread's head stands still, so a long run that gets on may be killed any number of times.
 */
export function claimExpiredRuns(sql: Sql, claim: Claim): Promise<ClaimedRow[]> {
  return sql<ClaimedRow[]>`
    with candidate as materialized (
      select r.run_id, (select max(c.checkpoint_id) from checkpoints c where c.thread_id = r.thread_id::text and c.checkpoint_ns = '') as head
      from runs r left join run_leases l on l.run_id = r.run_id
      where r.status = 'running' and pg_postmaster_start_time() < now() - make_interval(secs => ${Math.min(claim.leaseSeconds * MISSED, MOST_GRACE)}) and (l.run_id is null or l.lease_until < now() or (
          l.lease_until < now() + make_interval(secs => ${claim.leaseSeconds * MISSED})
          and not exists (select 1 from pg_stat_activity a where a.application_name = left(${HEARTBEAT} || r.worker, 63)))) and r.graph_id = any(${claim.graphIds}::text[])
      order by l.lease_until nulls first limit ${claim.limit}
      for update of r skip locked
    ), r as (
      update runs set worker = ${claim.worker}, epoch = epoch + 1, attempt = attempt + 1, updated_at = now(),
        crashes = case when crash_checkpoint is not distinct from candidate.head then crashes + 1 else 1 end, crash_checkpoint = candidate.head
      from candidate where runs.run_id = candidate.run_id
      returning runs.*
    ), lease as (
      insert into run_leases (run_id, epoch, lease_until) select run_id, epoch, now() + make_interval(secs => ${claim.leaseSeconds}) from r
      on conflict (run_id) do update set epoch = excluded.epoch, lease_until = excluded.lease_until
    )
    select ${runColumns(sql)}, ${claimedThreadColumns(sql)} from r join threads t on t.thread_id = r.thread_id`;
}
