import type { Reach } from "#ports/access.ts";
import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import { assistantWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export interface AssistantPatch {
  graph_id?: string | undefined;
  name?: string | undefined;
  description?: string | null | undefined;
  config?: Record<string, unknown> | undefined;
  context?: Record<string, unknown> | undefined;
  metadata?: Record<string, unknown> | undefined;
}

/** Every change is a new version, an empty one too. Metadata is merged. Null when it is out of reach. */
export async function updateAssistant(sql: Sql, assistantId: string, reach: Reach, patch: AssistantPatch): Promise<AssistantRow | null> {
  const rows = await sql<AssistantRow[]>`
    with a as (
      update assistants a set
        graph_id = ${patch.graph_id ?? sql`graph_id`}, name = ${patch.name ?? sql`name`},
        description = ${patch.description === undefined ? sql`description` : patch.description},
        config = ${patch.config === undefined ? sql`config` : JSON.stringify(patch.config)},
        context = ${patch.context === undefined ? sql`context` : JSON.stringify(patch.context)},
        metadata = metadata || ${JSON.stringify(patch.metadata ?? {})}::jsonb,
        version = (select max(version) + 1 from assistant_versions v where v.assistant_id = a.assistant_id), updated_at = now()
      where assistant_id = ${assistantId} and a.owner is not null and ${assistantWithin(sql, reach)} returning *
    ), v as (
      insert into assistant_versions (assistant_id, version, graph_id, name, description, config, context, metadata)
      select assistant_id, version, graph_id, name, description, config, context, metadata from a
    )
    select ${assistantColumns(sql)} from a`;
  return rows[0] ?? null;
}
