import { randomUUID } from "node:crypto";
import { CATEGORY_OF, type NewEvent } from "#protocol/events/events.ts";
import { boundedData } from "#protocol/events/bounded-data.ts";
import { toJsonb } from "../json.ts";
import type { Sql } from "./sql.ts";

/** Writes down that something happened, in the transaction in which it does: both are true, or neither. See docs/events.md. */
export function recordEvent(sql: Sql, event: NewEvent): Promise<void> {
  return recordEvents(sql, [event]);
}

/** Several at once, in one statement. Their order is kept. */
export async function recordEvents(sql: Sql, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    ...event,
    id: event.id ?? randomUUID(),
    at: event.at?.toISOString() ?? null,
    category: CATEGORY_OF[event.type],
    data: boundedData(event.data),
  }));
  await sql`
    insert into event_intake (id, at, type, category, owner, actor, thread_id, run_id, project_id, causation_id, data)
    select e.id, coalesce(e.at, clock_timestamp()), e.type, e.category, e.owner, e.actor, e.thread_id, e.run_id, e.project_id, e.causation_id, e.data
    from jsonb_to_recordset(${toJsonb(rows)}::jsonb) as e(id uuid, at timestamptz, type text, category text, owner text, actor text, thread_id uuid, run_id uuid,
      project_id uuid, causation_id text, data jsonb)`;
}
