import type { Sql } from "./sql.ts";

export interface OutboxRow {
  id: string;
  thread_id: string;
  payload: Record<string, unknown>;
  attempts: number;
}

/** The oldest due row that nobody else works on, locked until this transaction ends. */
export async function claimOutbox(sql: Sql): Promise<OutboxRow | null> {
  const rows = await sql<OutboxRow[]>`
    select id, thread_id, payload, attempts from outbox where done_at is null and due_at <= now() order by due_at, created_at, id limit 1 for update skip locked`;
  return rows[0] ?? null;
}

/** What the row asks for is done. */
export async function finishOutbox(sql: Sql, id: string): Promise<void> {
  await sql`update outbox set done_at = now(), attempts = attempts + 1 where id = ${id}`;
}

/** Puts a row that could not be handled back for later, or aside for good. */
export async function postponeOutbox(sql: Sql, id: string, delaySeconds: number): Promise<void> {
  await sql`update outbox set attempts = attempts + 1, due_at = now() + make_interval(secs => ${delaySeconds}) where id = ${id}`;
}
