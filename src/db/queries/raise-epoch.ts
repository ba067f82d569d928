import type { Sql } from "./sql.ts";

/**
 * Goes on holding a run under the next epoch: whatever was still on its way under the old one is waited for or refused. False when the run is
 * not held under that epoch any more.
 */
export async function raiseEpoch(sql: Sql, held: { runId: string; epoch: number }): Promise<boolean> {
  const rows = await sql`
    with r as (
      update runs set epoch = epoch + 1 where run_id = ${held.runId} and epoch = ${held.epoch} and status = 'running' returning run_id, epoch
    ), lease as (
      update run_leases set epoch = r.epoch from r where run_leases.run_id = r.run_id
    )
    select run_id from r`;
  return rows.length > 0;
}
