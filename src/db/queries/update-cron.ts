import { type CronRow, cronColumns } from "./cron-row.ts";
import type { Sql } from "./sql.ts";

export type CronEdit = Pick<
  CronRow,
  "cron_id" | "schedule" | "timezone" | "end_time" | "enabled" | "disabled_reason" | "on_run_completed" | "payload" | "metadata" | "next_run_date"
>;

/** Writes what its owner changed. What failed before does not count any more. The caller holds the row's lock. */
export async function updateCron(sql: Sql, cron: CronEdit): Promise<CronRow | null> {
  const rows = await sql<CronRow[]>`
    with c as (
      update crons set schedule = ${cron.schedule}, timezone = ${cron.timezone}, end_time = ${cron.end_time}, enabled = ${cron.enabled},
        disabled_reason = ${cron.disabled_reason}, on_run_completed = ${cron.on_run_completed}, payload = ${JSON.stringify(cron.payload)},
        metadata = ${JSON.stringify(cron.metadata)}, next_run_date = ${cron.next_run_date}, failures = 0, retry_at = null, updated_at = now()
      where cron_id = ${cron.cron_id} returning *
    ) select ${cronColumns(sql)} from c`;
  return rows[0] ?? null;
}
