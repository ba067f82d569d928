import type { Sql } from "./sql.ts";

/** Removes a run's row. With an epoch: only while that attempt holds it. */
export async function deleteRunRow(sql: Sql, runId: string, epoch: number | null = null): Promise<boolean> {
  const rows =
    await sql`delete from runs where run_id = ${runId} and (${epoch}::bigint is null or (epoch = ${epoch}::bigint and status = 'running')) returning run_id`;
  return rows.length > 0;
}
