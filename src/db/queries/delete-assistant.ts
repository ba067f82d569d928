import type { Sql } from "./sql.ts";

/** Deletes an owner's assistant with its versions; system assistants stay. */
export async function deleteAssistant(sql: Sql, assistantId: string, owner: string): Promise<boolean> {
  const rows = await sql`delete from assistants where assistant_id = ${assistantId} and owner = ${owner} returning assistant_id`;
  return rows.length > 0;
}
