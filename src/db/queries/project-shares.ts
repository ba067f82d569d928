import type { ProjectShare } from "#ports/identity.ts";
import type { Sql } from "./sql.ts";

interface ShareRow {
  member: string;
  role: ProjectShare["role"];
  shared_by: string;
  shared_at: Date;
}

/** With whom a project is shared, in the order of their names. */
export async function listShares(sql: Sql, projectId: string): Promise<ProjectShare[]> {
  const rows = await sql<ShareRow[]>`
    select member, role, shared_by, shared_at from project_shares where project_id = ${projectId} and role is not null order by member`;
  return rows.map(toShare);
}

/** Shares, or changes as what. */
export async function putShare(sql: Sql, share: { projectId: string; member: string; role: ProjectShare["role"]; by: string }): Promise<ProjectShare> {
  const [row] = await sql<ShareRow[]>`
    insert into project_shares (project_id, member, role, shared_by) values (${share.projectId}, ${share.member}, ${share.role}, ${share.by})
    on conflict (project_id, member) do update set role = excluded.role, shared_by = excluded.shared_by, shared_at = now()
    returning member, role, shared_by, shared_at`;
  if (row === undefined) throw new Error("an upsert answered nothing");
  return toShare(row);
}

/** False when it was not shared with them. */
export async function endShare(sql: Sql, { projectId, member }: { projectId: string; member: string }): Promise<boolean> {
  const rows = await sql`
    update project_shares set role = null where project_id = ${projectId} and member = ${member} and role is not null returning member`;
  return rows.length > 0;
}

function toShare({ member, role, shared_by, shared_at }: ShareRow): ProjectShare {
  return { user: member, role, shared_by, shared_at: shared_at.toISOString() };
}
