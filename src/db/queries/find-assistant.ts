import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import type { Sql } from "./sql.ts";

/** An assistant that this owner may use: their own, or a graph's system assistant. */
export async function findAssistant(sql: Sql, assistantId: string, owner: string): Promise<AssistantRow | null> {
  const rows = await sql<AssistantRow[]>`
    select ${assistantColumns(sql)} from assistants a where a.assistant_id = ${assistantId} and (a.owner is null or a.owner = ${owner})`;
  return rows[0] ?? null;
}
