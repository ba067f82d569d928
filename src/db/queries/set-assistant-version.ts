import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import type { Sql } from "./sql.ts";

/** Makes an older (or newer) version the current one. Null when there is no such version of this owner's. */
export async function setAssistantVersion(sql: Sql, assistantId: string, owner: string, version: number): Promise<AssistantRow | null> {
  const rows = await sql<AssistantRow[]>`
    with a as (
      update assistants set version = v.version, graph_id = v.graph_id, name = v.name, description = v.description, config = v.config, context = v.context,
        metadata = v.metadata, updated_at = now()
      from assistant_versions v
      where assistants.assistant_id = ${assistantId} and assistants.owner = ${owner} and v.assistant_id = assistants.assistant_id and v.version = ${version}
      returning assistants.*
    )
    select ${assistantColumns(sql)} from a`;
  return rows[0] ?? null;
}
