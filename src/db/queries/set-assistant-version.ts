import type { Reach } from "#ports/access.ts";
import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import { assistantWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/** Makes an older (or newer) version the current one. Null when there is no such version within reach. */
export async function setAssistantVersion(sql: Sql, assistantId: string, reach: Reach, version: number): Promise<AssistantRow | null> {
  const rows = await sql<AssistantRow[]>`
    with a as (
      update assistants current set version = v.version, graph_id = v.graph_id, name = v.name, description = v.description, config = v.config, context = v.context,
        metadata = v.metadata, updated_at = now()
      from assistant_versions v
      where current.assistant_id = ${assistantId} and current.assistant_id in (select assistant_id from assistants a where a.owner is not null and ${assistantWithin(sql, reach)})
        and v.assistant_id = current.assistant_id and v.version = ${version}
      returning current.*
    )
    select ${assistantColumns(sql)} from a`;
  return rows[0] ?? null;
}
