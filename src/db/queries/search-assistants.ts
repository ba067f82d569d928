import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import type { Reach } from "#ports/access.ts";
import { assistantWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export interface AssistantSearch {
  owner: Reach;
  graph_id?: string | undefined;
  /** Part of the name, ignoring case. */
  name?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  sort_by?: string | undefined;
  sort_order?: "asc" | "desc" | undefined;
  limit: number;
  offset: number;
}

const SORTABLE = new Set(["assistant_id", "graph_id", "created_at", "updated_at", "name"]);

export async function searchAssistants(sql: Sql, search: AssistantSearch): Promise<{ rows: AssistantRow[]; total: number }> {
  const by = search.sort_by !== undefined && SORTABLE.has(search.sort_by) ? search.sort_by : "created_at";
  const rows = await sql<(AssistantRow & { total: number })[]>`
    select ${assistantColumns(sql)}, count(*) over ()::int as total from assistants a
    where ${assistantWithin(sql, search.owner)}
      ${search.graph_id === undefined ? sql`` : sql`and a.graph_id = ${search.graph_id}`}
      ${search.name === undefined ? sql`` : sql`and strpos(lower(a.name), lower(${search.name}::text)) > 0`}
      ${search.metadata === undefined ? sql`` : sql`and a.metadata @> ${JSON.stringify(search.metadata)}::jsonb`}
    order by ${sql(`a.${by}`)} ${search.sort_order === "asc" ? sql`asc` : sql`desc`}, a.assistant_id limit ${search.limit} offset ${search.offset}`;
  // behind the last page there is no row to tell it
  if (rows.length === 0 && search.offset > 0) return { rows, total: (await searchAssistants(sql, { ...search, limit: 1, offset: 0 })).total };
  return { rows, total: rows[0]?.total ?? 0 };
}
