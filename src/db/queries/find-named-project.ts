import type { Sql } from "./sql.ts";

/** By slug or id, which are unique, whosever it is. */
export async function findNamedProject(sql: Sql, slugOrId: string): Promise<{ id: string; owner: string; slug: string } | null> {
  const rows = await sql<{ id: string; owner: string; slug: string }[]>`
    select id, owner, slug from projects where slug = ${slugOrId} or id::text = ${slugOrId.toLowerCase()}`;
  return rows[0] ?? null;
}
