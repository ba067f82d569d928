import type { Sql } from "./sql.ts";

export interface NewWebhook {
  id: string;
  runId: string;
  threadId: string;
  owner: string;
  url: string;
  payload: Record<string, unknown>;
}

/** Queues a webhook; a row of the same id was queued before. */
export async function insertWebhook(sql: Sql, row: NewWebhook): Promise<void> {
  await sql`
    insert into webhooks (id, run_id, thread_id, owner, url, payload)
    values (${row.id}, ${row.runId}, ${row.threadId}, ${row.owner}, ${row.url}, ${JSON.stringify(row.payload)}) on conflict (id) do nothing`;
}
