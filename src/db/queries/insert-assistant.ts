import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import type { Sql } from "./sql.ts";

export type NewAssistant = Pick<AssistantRow, "assistant_id" | "graph_id" | "owner" | "name" | "description" | "config" | "context" | "metadata">;

/** A new assistant with its first version; null when the id is taken. */
export async function insertAssistant(sql: Sql, row: NewAssistant): Promise<AssistantRow | null> {
  const rows = await sql<AssistantRow[]>`
    with a as (
      insert into assistants (assistant_id, graph_id, owner, name, description, config, context, metadata)
      values (${row.assistant_id}, ${row.graph_id}, ${row.owner}, ${row.name}, ${row.description}, ${JSON.stringify(row.config)}, ${JSON.stringify(row.context)}, ${JSON.stringify(row.metadata)})
      on conflict (assistant_id) do nothing returning *
    ), v as (
      insert into assistant_versions (assistant_id, version, graph_id, name, description, config, context, metadata)
      select assistant_id, version, graph_id, name, description, config, context, metadata from a
    )
    select ${assistantColumns(sql)} from a`;
  return rows[0] ?? null;
}
