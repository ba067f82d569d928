import type { Sql } from "./sql.ts";

/** An event as the tables have it; `at` is text with microseconds, because a Date would lose them. */
export interface EventRow {
  seq: number;
  id: string;
  at: string;
  type: string;
  category: string;
  owner: string | null;
  actor: string | null;
  thread_id: string | null;
  run_id: string | null;
  project_id: string | null;
  correlation_id: string | null;
  causation_id: string | null;
  data: Record<string, unknown>;
}

/** Without `seq`; of `e`. */
export const toldColumns = (sql: Sql) => sql`
  e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.type, e.category, e.owner, e.actor, e.thread_id, e.run_id, e.project_id,
  e.correlation_id, e.causation_id, e.data`;

export const eventColumns = (sql: Sql) => sql`e.seq::float8 as seq, ${toldColumns(sql)}`;
