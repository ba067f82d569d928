import type { Sql } from "./sql.ts";

/** Whose key it was, and whether it was good until now; null when there is none. `owner` null: anybody's. One that is revoked stays revoked since then. */
export async function revokeApiKey(sql: Sql, { id, owner }: { id: string; owner: string | null }): Promise<{ owner: string; was_good: boolean } | null> {
  const rows = await sql<{ owner: string; was_good: boolean }[]>`
    with before as (select id, revoked_at from api_keys where id = ${id} and (${owner}::text is null or owner = ${owner}) for update)
    update api_keys k set revoked_at = coalesce(k.revoked_at, now()) from before b where k.id = b.id returning k.owner, b.revoked_at is null as was_good`;
  return rows[0] ?? null;
}
