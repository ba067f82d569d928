import type { Sql } from "./sql.ts";

export interface Standing {
  /** Keys that are neither revoked nor over. */
  goodKeys: ReadonlySet<string>;
  /** Roles of users who are not disabled. */
  roles: ReadonlyMap<string, string>;
}

/** What of these keys and users still holds. */
export async function standingOfCallers(sql: Sql, of: { keyIds: readonly string[]; identities: readonly string[] }): Promise<Standing> {
  const rows = await sql<{ kind: "key" | "user"; name: string; role: string | null }[]>`
    select 'key' as kind, id::text as name, null as role from api_keys
    where id in (select jsonb_array_elements_text(${JSON.stringify(of.keyIds)}::jsonb)::uuid) and revoked_at is null and (expires_at is null or expires_at > now())
    union all
    select 'user', identity, role from users
    where identity in (select jsonb_array_elements_text(${JSON.stringify(of.identities)}::jsonb)) and disabled_at is null`;
  return {
    goodKeys: new Set(rows.filter(({ kind }) => kind === "key").map(({ name }) => name)),
    roles: new Map(rows.filter(({ kind }) => kind === "user").map(({ name, role }) => [name, role ?? "user"])),
  };
}
