import type { AuditEntry, EventFilter, EventPage } from "#ports/events.ts";
import { type EventScope, eventsLike, eventsWithin, pageOfEvents } from "./event-conditions.ts";
import { eventColumns, type EventRow } from "./event-row.ts";
import type { Sql } from "./sql.ts";

export async function readEvents(sql: Sql, scope: EventScope, filter: EventFilter, page: EventPage): Promise<EventRow[]> {
  const rows = await sql<EventRow[]>`
    select ${eventColumns(sql)} from events e where ${eventsWithin(sql, scope)} and ${eventsLike(sql, filter)} ${pageOfEvents(sql, page)}`;
  return [...rows];
}

export async function readAuditLog(
  sql: Sql,
  scope: EventScope,
  filter: EventFilter & { actor?: string; owner?: string },
  page: EventPage,
): Promise<AuditEntry[]> {
  const rows = await sql<AuditEntry[]>`
    select ${eventColumns(sql)}, e.previous_hash, e.hash from audit_log e where ${eventsWithin(sql, scope)} and ${eventsLike(sql, filter)}
      ${filter.actor === undefined ? sql`` : sql`and e.actor = ${filter.actor}`} ${filter.owner === undefined ? sql`` : sql`and e.owner = ${filter.owner}`}
      ${pageOfEvents(sql, page)}`;
  return [...rows];
}

/** How far both logs go. */
export async function endsOfLogs(sql: Sql): Promise<{ seq: number; audit_seq: number; audit_hash: string }> {
  const [row] = await sql<{ seq: number; audit_seq: number; audit_hash: string }[]>`
    select seq::float8 as seq, audit_seq::float8 as audit_seq, audit_hash from event_head`;
  return row ?? { seq: 0, audit_seq: 0, audit_hash: "" };
}
