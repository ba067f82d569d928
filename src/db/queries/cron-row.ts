import type { CallerUser } from "#ports/access.ts";
import type { Sql } from "./sql.ts";

export interface CronRow {
  cron_id: string;
  owner: string;
  creator: CallerUser | null;
  assistant_id: string;
  thread_id: string | null;
  schedule: string;
  timezone: string | null;
  end_time: Date | null;
  enabled: boolean;
  disabled_reason: string | null;
  on_run_completed: "delete" | "keep";
  payload: Record<string, unknown>;
  metadata: Record<string, unknown>;
  next_run_date: Date | null;
  last_tick: Date | null;
  failures: number;
  created_at: Date;
  updated_at: Date;
}

export const cronColumns = (sql: Sql) => sql`
  c.cron_id, c.owner, c.creator, c.assistant_id, c.thread_id, c.schedule, c.timezone, c.end_time, c.enabled, c.disabled_reason, c.on_run_completed, c.payload,
  c.metadata, c.next_run_date, c.last_tick, c.failures, c.created_at, c.updated_at`;
