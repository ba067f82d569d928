import type { Sql } from "./sql.ts";

/** Queues what must happen after this transaction; a row of the same id was queued before. Of a thread that is gone nobody is told. */
export async function insertOutbox(sql: Sql, row: { id: string; kind: "team_outcome"; threadId: string; payload: Record<string, unknown> }): Promise<void> {
  await sql`
    insert into outbox (id, kind, thread_id, payload)
    select ${row.id}, ${row.kind}, t.thread_id, ${JSON.stringify(row.payload)}::jsonb from threads t where t.thread_id = ${row.threadId} for key share
    on conflict (id) do nothing`;
}
