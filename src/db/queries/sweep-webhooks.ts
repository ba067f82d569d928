import type { Sql } from "./sql.ts";

export async function sweepWebhooks(sql: Sql, olderThanSeconds: number): Promise<void> {
  await sql`delete from webhooks where outcome is not null and ended_at < now() - make_interval(secs => ${olderThanSeconds})`;
}
