import { type CronRow, cronColumns } from "./cron-row.ts";
import type { Sql } from "./sql.ts";

/** One owner's cron, null when there is none or it is somebody else's; `lock` keeps its ticks away until the transaction ends. */
export async function findCron(sql: Sql, cronId: string, owner: string, options: { lock: boolean } = { lock: false }): Promise<CronRow | null> {
  const rows = await sql<CronRow[]>`
    select ${cronColumns(sql)} from crons c where c.cron_id = ${cronId} and c.owner = ${owner} ${options.lock ? sql`for update of c` : sql``}`;
  return rows[0] ?? null;
}
