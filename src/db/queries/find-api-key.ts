import { type ApiKeyRow, apiKeyColumns } from "./api-key-row.ts";
import type { ProjectRole } from "#ports/identity.ts";
import { projectRoles } from "./project-roles.ts";
import type { Sql } from "./sql.ts";

export interface PresentedKey extends ApiKeyRow {
  expired: boolean;
  display_name: string;
  role: "user" | "approver" | "admin";
  disabled: boolean;
  /** What its user may do with which projects. */
  projects: Record<string, ProjectRole>;
  /** More than a minute ago, so that it is worth writing down. */
  use_is_old: boolean;
}

/** The key with this digest, good or not, and its user. */
export async function findApiKey(sql: Sql, by: { digest: Uint8Array } | { id: string }): Promise<PresentedKey | null> {
  const rows = await sql<PresentedKey[]>`
    select ${apiKeyColumns(sql)}, coalesce(k.expires_at <= now(), false) as expired, u.display_name, u.role, u.disabled_at is not null as disabled,
      ${projectRoles(sql, sql`k.owner`)} as projects,
      coalesce(k.last_used_at < now() - interval '1 minute', true) as use_is_old
    from api_keys k join users u on u.identity = k.owner
    where ${"digest" in by ? sql`k.digest = ${by.digest}` : sql`k.id = ${by.id}`}`;
  return rows[0] ?? null;
}
