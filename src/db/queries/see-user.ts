import { projectRoles } from "./project-roles.ts";
import type { Sql } from "./sql.ts";
import type { UserWithProjects } from "./user-row.ts";

/** Somebody who was let in: made on first sight, and their name kept as they say it now. */
export async function seeUser(sql: Sql, { identity, displayName }: { identity: string; displayName: string }): Promise<UserWithProjects & { is_new: boolean }> {
  const [row] = await sql<(UserWithProjects & { is_new: boolean })[]>`
    insert into users (identity, display_name, last_seen_at) values (${identity}, ${displayName}, now())
    on conflict (identity) do update set display_name = excluded.display_name, last_seen_at = now()
    returning identity, display_name, role, disabled_at, last_seen_at, created_at, xmax = 0 as is_new,
      ${projectRoles(sql, sql`users.identity`)} as projects`;
  if (row === undefined) throw new Error("an upsert answered nothing");
  return row;
}
