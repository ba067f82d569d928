import type postgres from "postgres";
import type { ProjectRole } from "#ports/identity.ts";
import { rolesFrom } from "#protocol/project-shares.ts";
import type { Sql } from "./sql.ts";

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** What somebody may do with which projects, as an object; of their own only those that were ever shared. */
export function projectRoles(sql: Sql, identity: Fragment): Fragment {
  return sql`(select coalesce(jsonb_object_agg(m.project_id, m.role), '{}'::jsonb) from (
    select s.project_id, s.role from project_shares s where s.member = ${identity} and s.role is not null
    union all
    select p.id, 'owner' from projects p where p.owner = ${identity} and exists (select 1 from project_shares s where s.project_id = p.id)) m)`;
}

/** Whether `p`, a project, is this member's own, or shared with them as at least this role. */
function projectWithin(sql: Sql, member: string, least: ProjectRole): Fragment {
  return sql`(p.owner = ${member} or exists (
    select 1 from project_shares s where s.project_id = p.id and s.member = ${member} and s.role = any(${[...rolesFrom(least)]}::text[])))`;
}

/** Whether somebody may go on with work on a project. One that is not there, or not any more, holds nobody back. */
export async function mayWorkOn(sql: Sql, { projectId, member }: { projectId: string; member: string }): Promise<boolean> {
  const rows = await sql`select 1 from projects p where p.id = ${projectId} and not ${projectWithin(sql, member, "editor")}`;
  return rows.length === 0;
}
