import { type EventRow, toldColumns } from "./event-row.ts";
import type { Sql } from "./sql.ts";

export interface EventHead {
  seq: number;
  audit_seq: number;
  audit_hash: string;
}

/** Whether events wait for their place in the log. */
export async function hasNewEvents(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ some: boolean }[]>`select exists (select 1 from event_intake) as some`;
  return row?.some === true;
}

/** Locks the end of the logs until the transaction ends. Null: another process writes them, and `wait` was not asked for. */
export async function lockEventHead(sql: Sql, wait: boolean): Promise<EventHead | null> {
  const [row] = await sql<EventHead[]>`
    select seq::float8 as seq, audit_seq::float8 as audit_seq, audit_hash from event_head for update ${wait ? sql`` : sql`skip locked`}`;
  return row ?? null;
}

/** Takes the oldest events that wait. The caller holds the head's lock and gives them their place. */
export async function takeEvents(sql: Sql, limit: number): Promise<Omit<EventRow, "seq">[]> {
  const rows = await sql<Omit<EventRow, "seq">[]>`
    with e as (delete from event_intake where position in (select position from event_intake order by position limit ${limit}) returning *)
    select ${toldColumns(sql)} from e order by e.position`;
  return [...rows];
}
