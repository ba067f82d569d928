import { type CronRow, cronColumns } from "./cron-row.ts";
import type { Sql } from "./sql.ts";

export type NewCron = Pick<
  CronRow,
  | "cron_id"
  | "owner"
  | "creator"
  | "assistant_id"
  | "thread_id"
  | "schedule"
  | "timezone"
  | "end_time"
  | "enabled"
  | "on_run_completed"
  | "payload"
  | "metadata"
  | "next_run_date"
>;

/** Null when the assistant or the thread went away in the meantime. */
export async function insertCron(sql: Sql, cron: NewCron): Promise<CronRow | null> {
  const rows = await sql<CronRow[]>`
    with c as (
      insert into crons (cron_id, owner, creator, assistant_id, thread_id, schedule, timezone, end_time, enabled, on_run_completed, payload, metadata, next_run_date)
      select ${cron.cron_id}, ${cron.owner}, ${cron.creator === null ? null : JSON.stringify(cron.creator)}::jsonb, a.assistant_id, t.thread_id, ${cron.schedule}, ${cron.timezone}, ${cron.end_time}, ${cron.enabled},
        ${cron.on_run_completed}, ${JSON.stringify(cron.payload)}, ${JSON.stringify(cron.metadata)}, ${cron.next_run_date}
      from (select assistant_id from assistants where assistant_id = ${cron.assistant_id} for key share) a
        left join (select thread_id from threads where thread_id = ${cron.thread_id} for key share) t on true
      where ${cron.thread_id}::uuid is null or t.thread_id is not null
      returning *
    ) select ${cronColumns(sql)} from c`;
  return rows[0] ?? null;
}
