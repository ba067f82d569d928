import type { Reach } from "#ports/access.ts";
import { cronWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export async function deleteCron(sql: Sql, cronId: string, reach: Reach): Promise<boolean> {
  const rows = await sql`delete from crons c where c.cron_id = ${cronId} and ${cronWithin(sql, reach)} returning c.cron_id`;
  return rows.length > 0;
}
