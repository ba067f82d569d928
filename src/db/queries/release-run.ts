import { RUNS_CHANNEL, type RunHint } from "./notify.ts";
import type { Sql } from "./sql.ts";

const PENDING: RunHint = { kind: "pending" };

export interface Release {
  runId: string;
  epoch: number;
  delaySeconds: number;
  /** `outage`: the database went away under it, which counts like a crash: only while the thread's head stands still. */
  why: "drained" | "failed" | "outage";
}

/**
 * Gives a run back to the queue: drained, or to be tried again after `delaySeconds`. The epoch is raised so that whatever still writes for
 * the old attempt is refused; who has room is told when it may go on at once. False when the lease was lost meanwhile.
 */
export async function releaseRun(sql: Sql, input: Release): Promise<boolean> {
  const head = sql`(select max(checkpoint_id) from checkpoints c where c.thread_id = runs.thread_id::text and c.checkpoint_ns = '')`;
  const outage =
    input.why === "outage"
      ? sql`, crashes = case when crash_checkpoint is not distinct from ${head} then crashes + 1 else 1 end, crash_checkpoint = ${head}`
      : sql``;
  const rows = await sql`
    with r as (
      update runs set status = 'pending', epoch = epoch + 1, worker = null, updated_at = now(), run_after = now() + make_interval(secs => ${input.delaySeconds}),
        failures = failures + ${input.why === "failed" ? 1 : 0} ${outage}
      where run_id = ${input.runId} and epoch = ${input.epoch} and status = 'running' returning run_id
    ), lease as (delete from run_leases where run_id in (select run_id from r))
    select run_id, case when ${input.delaySeconds} = 0 then pg_notify(${RUNS_CHANNEL}, ${JSON.stringify(PENDING)}) end from r`;
  return rows.length > 0;
}
