import { type CronRow, cronColumns } from "./cron-row.ts";
import type { Sql } from "./sql.ts";

export interface CronClaim {
  now: Date;
  /** Graphs this process has loaded: a cron whose graph nobody serves waits until somebody does. */
  graphIds: readonly string[];
  /** Crons that this look has given up on. */
  except: readonly string[];
}

/** A cron that is certainly due. */
export type DueCron = CronRow & { next_run_date: Date };

const due = (sql: Sql, now: Date) => sql`c.enabled and c.next_run_date <= ${now} and (c.retry_at is null or c.retry_at <= ${now})`;

/** The cron that waits longest, that nobody else works on, locked until this transaction ends. */
export async function claimCron(sql: Sql, claim: CronClaim): Promise<DueCron | null> {
  const rows = await sql<DueCron[]>`
    select ${cronColumns(sql)} from crons c join assistants a on a.assistant_id = c.assistant_id
    where ${due(sql, claim.now)} and a.graph_id = any(${claim.graphIds}::text[]) and c.cron_id <> all(${claim.except}::uuid[])
    order by c.next_run_date, c.cron_id limit 1 for update of c skip locked`;
  return rows[0] ?? null;
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
