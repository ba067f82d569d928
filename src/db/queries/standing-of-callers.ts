import type { ProjectRole } from "#ports/identity.ts";
import { projectRoles } from "./project-roles.ts";
import type { Sql } from "./sql.ts";

export interface Standing {
  /** Keys that are neither revoked nor over. */
  goodKeys: ReadonlySet<string>;
  /** Roles of users who are not disabled. */
  roles: ReadonlyMap<string, string>;
  /** Of the same users: what they may do with which projects. */
  projects: ReadonlyMap<string, Readonly<Record<string, ProjectRole>>>;
}

/** What of these keys and users still holds. */
export async function standingOfCallers(sql: Sql, of: { keyIds: readonly string[]; identities: readonly string[] }): Promise<Standing> {
  const rows = await sql<{ kind: "key" | "user"; name: string; role: string | null; projects: Record<string, ProjectRole> | null }[]>`
    select 'key' as kind, id::text as name, null as role, null::jsonb as projects from api_keys
    where id in (select jsonb_array_elements_text(${JSON.stringify(of.keyIds)}::jsonb)::uuid) and revoked_at is null and (expires_at is null or expires_at > now())
    union all
    select 'user', identity, role, ${projectRoles(sql, sql`users.identity`)} from users
    where identity in (select jsonb_array_elements_text(${JSON.stringify(of.identities)}::jsonb)) and disabled_at is null`;
  return {
    goodKeys: new Set(rows.filter(({ kind }) => kind === "key").map(({ name }) => name)),
    roles: new Map(rows.filter(({ kind }) => kind === "user").map(({ name, role }) => [name, role ?? "user"])),
    projects: new Map(rows.filter(({ kind }) => kind === "user").map(({ name, projects }) => [name, projects ?? {}])),
  };
}
