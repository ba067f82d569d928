import type { Sql } from "./sql.ts";

export interface AssistantRow {
  assistant_id: string;
  graph_id: string;
  owner: string | null;
  name: string;
  description: string | null;
  version: number;
  config: Record<string, unknown>;
  context: Record<string, unknown>;
  metadata: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
}

export const assistantColumns = (sql: Sql) => sql`
  a.assistant_id, a.graph_id, a.owner, a.name, a.description, a.version, a.config, a.context, a.metadata, a.created_at, a.updated_at`;
