import { type CronRow, cronColumns } from "./cron-row.ts";
import type { Sql } from "./sql.ts";

export interface CronLook {
  now: Date;
  /** Graphs this process has loaded: a cron whose graph nobody serves waits until somebody does. */
  graphIds: readonly string[];
  /** Crons that this look has seen to, or has given up on. */
  except: readonly string[];
}

/** A cron that was due when it was looked at. `edition` changes whenever its owner changes it. */
export type DueCron = CronRow & { next_run_date: Date; edition: string };

const due = (sql: Sql, now: Date) => sql`c.enabled and c.next_run_date <= ${now} and (c.retry_at is null or c.retry_at <= ${now})`;

/** The cron that waits longest and that nobody else holds. It is not locked when this answers: `claimCron` does that. */
export async function findDueCron(sql: Sql, look: CronLook): Promise<DueCron | null> {
  const rows = await sql<DueCron[]>`
    select ${cronColumns(sql)}, c.updated_at::text as edition from crons c join assistants a on a.assistant_id = c.assistant_id
    where ${due(sql, look.now)} and a.graph_id = any(${look.graphIds}::text[]) and c.cron_id <> all(${look.except}::uuid[])
    order by c.next_run_date, c.cron_id limit 1 for update of c skip locked`;
  return rows[0] ?? null;
}

/** The row is still the one that was looked at: neither fired, nor changed by its owner, nor gone. A `Date` has no microseconds. */
const same = (sql: Sql, cron: DueCron) => sql`c.cron_id = ${cron.cron_id} and c.enabled and date_trunc('milliseconds', c.next_run_date) = ${cron.next_run_date}
  and c.updated_at = ${cron.edition}::text::timestamptz`;

/** Keeps other processes away from a due cron until `until`, without a lock: for work that must hold no row. False when somebody else has it. */
export async function leaseCron(sql: Sql, cron: DueCron, lease: { now: Date; until: Date }): Promise<boolean> {
  const rows = await sql`
    update crons c set retry_at = ${lease.until} where ${same(sql, cron)} and (c.retry_at is null or c.retry_at <= ${lease.now}) returning 1`;
  return rows.length > 0;
}

/** Ends a lease; the cron is due at once. One that was given to somebody else meanwhile stays. */
export async function giveCronBack(sql: Sql, cron: DueCron, lease: { until: Date }): Promise<void> {
  await sql`update crons c set retry_at = null where ${same(sql, cron)} and c.retry_at = ${lease.until}`;
}

/** Locks a cron until this transaction ends. False when somebody else works on it, or it is not what it was any more. */
export async function claimCron(sql: Sql, cron: DueCron): Promise<boolean> {
  const rows = await sql`select 1 from crons c where ${same(sql, cron)} for update of c skip locked`;
  return rows.length > 0;
}

/**
 * Whether any cron is due, and at what time that was asked: `clock`'s, or the database's, which is one for all processes.
 * For a look that mostly finds nothing.
 */
export async function anyCronDue(sql: Sql, clock: Date | null): Promise<{ now: Date; due: boolean }> {
  const [row] = await sql<{ now: Date; due: boolean }[]>`
    select t.now, exists (select 1 from crons c where c.enabled and c.next_run_date <= t.now) as due
    from (select coalesce(${clock}::timestamptz, clock_timestamp()) as now) t`;
  return row ?? { now: new Date(0), due: false };
}
