import type { ThreadStatus } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";

export interface ThreadRow {
  thread_id: string;
  owner: string;
  status: ThreadStatus;
  metadata: Record<string, unknown>;
  config: Record<string, unknown>;
  /** Null also where the newest checkpoint has them (`values_at_head`): ask `runtime/thread-values.ts`. */
  values: unknown;
  values_at_head: boolean;
  interrupts: Record<string, { id: string; value: unknown }[]>;
  error: unknown;
  graph_id: string | null;
  assistant_id: string | null;
  parent_thread_id: string | null;
  parent_call: string | null;
  parent_branch: string | null;
  project_id: string | null;
  temporary: boolean;
  /** Minutes of rest until it is swept; null: never. */
  ttl_minutes: number | null;
  ttl_strategy: "delete" | "keep_latest" | null;
  created_at: Date;
  updated_at: Date;
}

export const threadColumns = (sql: Sql, { values = true } = {}) => sql`
  t.thread_id, t.owner, t.status, t.metadata, t.config, ${values ? sql`t."values"` : sql`null as "values"`}, t.values_at_head, t.interrupts, t.error, t.graph_id, t.assistant_id, t.parent_thread_id, t.parent_call,
  t.parent_branch, t.project_id, t.temporary, t.ttl_minutes, t.ttl_strategy, t.created_at, t.updated_at`;
