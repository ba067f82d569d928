import type { Sql } from "./sql.ts";

export async function deleteCron(sql: Sql, cronId: string, owner: string): Promise<boolean> {
  const rows = await sql`delete from crons where cron_id = ${cronId} and owner = ${owner} returning cron_id`;
  return rows.length > 0;
}
