import type { Sql } from "./sql.ts";

/** Writes down that a key was used, at most once a minute however many processes see it. */
export async function noteKeyUse(sql: Sql, id: string): Promise<void> {
  await sql`update api_keys set last_used_at = now() where id = ${id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`;
}
