import type { Sql } from "./sql.ts";

/**
 * Gives a run back to the queue: drained, or to be tried again after `delaySeconds`. The epoch is raised so that whatever still writes for
 * the old attempt is refused. False when the lease was lost meanwhile.
 */
export async function releaseRun(sql: Sql, input: { runId: string; epoch: number; delaySeconds: number; failed: boolean }): Promise<boolean> {
  const rows = await sql`
    with r as (
      update runs set status = 'pending', epoch = epoch + 1, worker = null, updated_at = now(), run_after = now() + make_interval(secs => ${input.delaySeconds}),
        failures = failures + ${input.failed ? 1 : 0}
      where run_id = ${input.runId} and epoch = ${input.epoch} and status = 'running' returning run_id
    ), lease as (delete from run_leases where run_id in (select run_id from r))
    select run_id from r`;
  return rows.length > 0;
}
