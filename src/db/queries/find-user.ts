import { projectRoles } from "./project-roles.ts";
import type { Sql } from "./sql.ts";
import type { UserWithProjects } from "./user-row.ts";

/** `seen_lately`: within the hour, so that it is not worth writing down again. */
export async function findUser(sql: Sql, identity: string): Promise<(UserWithProjects & { seen_lately: boolean }) | null> {
  const rows = await sql<(UserWithProjects & { seen_lately: boolean })[]>`
    select identity, display_name, role, disabled_at, last_seen_at, created_at, coalesce(last_seen_at > now() - interval '1 hour', false) as seen_lately,
      ${projectRoles(sql, sql`users.identity`)} as projects
    from users where identity = ${identity}`;
  return rows[0] ?? null;
}
