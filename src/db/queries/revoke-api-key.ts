import type { Sql } from "./sql.ts";

/** Answers whether there is such a key; `owner` null: anybody's. One that is revoked stays revoked since then. */
export async function revokeApiKey(sql: Sql, { id, owner }: { id: string; owner: string | null }): Promise<boolean> {
  const rows = await sql`
    update api_keys set revoked_at = coalesce(revoked_at, now()) where id = ${id} and (${owner}::text is null or owner = ${owner}) returning id`;
  return rows.length > 0;
}
