import type { Sql } from "./sql.ts";

/** Queues what must happen after this transaction; a row of the same id was queued before. */
export async function insertOutbox(sql: Sql, row: { id: string; kind: "team_outcome"; threadId: string; payload: Record<string, unknown> }): Promise<void> {
  await sql`
    insert into outbox (id, kind, thread_id, payload) values (${row.id}, ${row.kind}, ${row.threadId}, ${JSON.stringify(row.payload)})
    on conflict (id) do nothing`;
}
