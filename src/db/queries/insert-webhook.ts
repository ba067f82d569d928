import type { Sql } from "./sql.ts";

export interface NewWebhook {
  id: string;
  runId: string;
  threadId: string;
  owner: string;
  url: string;
  /** An object. */
  payloadJson: string;
}

/** Queues a webhook; a row of the same id was queued before. */
export async function insertWebhook(sql: Sql, row: NewWebhook): Promise<void> {
  await sql`
    insert into webhooks (id, run_id, thread_id, owner, url, payload, bytes)
    values (${row.id}, ${row.runId}, ${row.threadId}, ${row.owner}, ${row.url}, ${row.payloadJson}, ${row.payloadJson.length}) on conflict (id) do nothing`;
}
