import type { Reach } from "#ports/access.ts";
import { assistantWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/** Deletes an assistant within reach with its versions; system assistants stay. */
export async function deleteAssistant(sql: Sql, assistantId: string, reach: Reach): Promise<boolean> {
  const rows =
    await sql`delete from assistants a where assistant_id = ${assistantId} and a.owner is not null and ${assistantWithin(sql, reach)} returning assistant_id`;
  return rows.length > 0;
}
