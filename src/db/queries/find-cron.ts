import type { Reach } from "#ports/access.ts";
import { type CronRow, cronColumns } from "./cron-row.ts";
import { cronWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/** A cron within reach, null when there is none or it is somebody else's; `lock` keeps its ticks away until the transaction ends. */
export async function findCron(sql: Sql, cronId: string, reach: Reach, options: { lock: boolean } = { lock: false }): Promise<CronRow | null> {
  const rows = await sql<CronRow[]>`
    select ${cronColumns(sql)} from crons c where c.cron_id = ${cronId} and ${cronWithin(sql, reach)} ${options.lock ? sql`for update of c` : sql``}`;
  return rows[0] ?? null;
}
