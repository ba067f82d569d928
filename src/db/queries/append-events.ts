import { toJsonb } from "../json.ts";
import type { EventRow } from "./event-row.ts";
import { EVENTS_CHANNEL } from "./notify.ts";
import type { Sql } from "./sql.ts";
import type { EventHead } from "./take-events.ts";

export interface AuditRow extends EventRow {
  previous_hash: string;
  hash: string;
}

/** Writes events and audit rows at the ends of their logs, moves the ends, and hints to all processes. The caller holds the head's lock. */
export async function appendEvents(sql: Sql, input: { events: readonly EventRow[]; audit: readonly AuditRow[]; head: EventHead }): Promise<void> {
  const shape = sql`seq bigint, id uuid, at timestamptz, type text, category text, owner text, actor text, thread_id uuid, run_id uuid, project_id uuid,
    correlation_id text, causation_id text, data jsonb`;
  const columns = sql`seq, id, at, type, category, owner, actor, thread_id, run_id, project_id, correlation_id, causation_id, data`;
  await Promise.all([
    sql`insert into events (${columns}) select ${columns} from jsonb_to_recordset(${toJsonb(input.events)}::jsonb) as e(${shape})`,
    input.audit.length === 0
      ? null
      : sql`insert into audit_log (${columns}, previous_hash, hash) select ${columns}, previous_hash, hash
          from jsonb_to_recordset(${toJsonb(input.audit)}::jsonb) as e(${shape}, previous_hash text, hash text) order by seq`,
    sql`update event_head set seq = ${input.head.seq}, audit_seq = ${input.head.audit_seq}, audit_hash = ${input.head.audit_hash}`,
    sql`select pg_notify(${EVENTS_CHANNEL}, ${String(input.head.seq)})`,
  ]);
}
