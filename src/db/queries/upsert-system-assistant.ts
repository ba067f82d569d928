import type { Sql } from "./sql.ts";

/** Makes sure that a graph has its system assistant; configured anew at each start. */
export async function upsertSystemAssistant(
  sql: Sql,
  row: { assistantId: string; graphId: string; description: string | null; config: Record<string, unknown>; context: Record<string, unknown> },
): Promise<void> {
  await sql`
    with a as (
      insert into assistants (assistant_id, graph_id, name, description, config, context, metadata)
      values (${row.assistantId}, ${row.graphId}, ${row.graphId}, ${row.description}, ${JSON.stringify(row.config)}, ${JSON.stringify(row.context)}, '{"created_by": "system"}')
      on conflict (assistant_id) do update set config = excluded.config, context = excluded.context, description = excluded.description
      returning *
    )
    insert into assistant_versions (assistant_id, version, graph_id, name, description, config, context, metadata)
    select assistant_id, version, graph_id, name, description, config, context, metadata from a on conflict do nothing`;
}
