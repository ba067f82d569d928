import { assistantColumns, type AssistantRow } from "./assistant-row.ts";
import type { Reach } from "#ports/access.ts";
import { assistantWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/** An assistant within reach: one of the owner's, or a graph's system assistant. */
export async function findAssistant(sql: Sql, assistantId: string, reach: Reach): Promise<AssistantRow | null> {
  const rows = await sql<AssistantRow[]>`
    select ${assistantColumns(sql)} from assistants a where a.assistant_id = ${assistantId} and ${assistantWithin(sql, reach)}`;
  return rows[0] ?? null;
}
