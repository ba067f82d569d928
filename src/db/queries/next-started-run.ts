import type { RunStatus } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";

/** When a run began, as the database orders it. */
export interface Began {
  /** Text, because a date of JavaScript has no microseconds. */
  started_at: string;
  sequence: number;
}

export interface StartedRunRow extends Began {
  run_id: string;
  status: RunStatus;
}

const columns = (sql: Sql) => sql`r.run_id, r.status, r.started_at::text as started_at, r.sequence::float8 as sequence`;

/** The run of a thread that began next after a moment (null: the first of all); null when none has begun since. */
export async function nextStartedRun(sql: Sql, threadId: string, after: Began | null): Promise<StartedRunRow | null> {
  const later = after === null ? sql`true` : sql`(r.started_at, r.sequence) > (${after.started_at}::text::timestamptz, ${after.sequence}::bigint)`;
  const rows = await sql<StartedRunRow[]>`
    select ${columns(sql)} from runs r where r.thread_id = ${threadId} and r.started_at is not null and ${later} order by r.started_at, r.sequence limit 1`;
  return rows[0] ?? null;
}

/** A run of a thread that has begun, or without an id the one that began last; null when there is none. */
export async function startedRun(sql: Sql, threadId: string, runId: string | null): Promise<StartedRunRow | null> {
  const rows = await sql<StartedRunRow[]>`
    select ${columns(sql)} from runs r where r.thread_id = ${threadId} and r.started_at is not null and (${runId}::uuid is null or r.run_id = ${runId}::uuid)
    order by r.started_at desc, r.sequence desc limit 1`;
  return rows[0] ?? null;
}
