/**
 * Who may do what with a project, asked of the database at every call: what is not shared any more is out of reach from the next one on.
 *
 *   see         who owns it, whom it is shared with, administrators; approvers, who decide about its deployments
 *   read logs   the same without approvers: they may hold what its users said
 *   change      roll back, stop: owner, editors, administrators
 *   share       owner, administrators
 */
import { and, count, desc, eq, isNotNull, or, type SQL, sql } from "drizzle-orm";
import type { Database } from "#db/client.ts";
import { projects, projectShares } from "#db/schema/projects.ts";
import { AppError } from "#errors";
import { decidesForAll, isAdmin } from "#governance/identity/rights.ts";
import type { ProjectRole } from "#ports/identity.ts";
import type { Project } from "#ports/projects.ts";
import type { Caller } from "#ports/caller.ts";
import type { Page } from "#ports/page.ts";
import type { RoleInProject } from "#ports/services/projects.ts";
import { rolesFrom } from "#protocol/project-shares.ts";
import { isProjectId, toProject } from "./projects.ts";

type Doing = "see" | "read logs" | "change" | "share";

const LEAST: Record<Doing, ProjectRole> = { see: "viewer", "read logs": "viewer", change: "editor", share: "owner" };

interface WithRole {
  project: Project;
  role: RoleInProject;
}

/** Whether everybody's projects are to be seen. */
function seesAll(caller: Caller): boolean {
  return (caller.rights !== undefined && isAdmin(caller.rights)) || decidesForAll(caller);
}

/** @throws AppError `not_found` for what the caller may not see, `forbidden` for what they may see and not do */
export async function findProjectFor(database: Database, caller: Caller, projectId: string, doing: Doing): Promise<WithRole> {
  const [found] = isProjectId(projectId) ? await select(database, caller, eq(projects.id, projectId)) : [];
  if (found === undefined || (doing === "read logs" && found.role === "decides")) throw new AppError("not_found", "There is no such project.");
  const may = found.role === "admin" || (found.role === "decides" ? doing === "see" : rolesFrom(LEAST[doing]).includes(found.role));
  if (!may)
    throw new AppError("forbidden", `This takes the role "${LEAST[doing]}" in the project; yours is "${found.role}".`, { details: { role: found.role } });
  return found;
}

/** The newest first. */
export async function projectsWithin(
  database: Database,
  caller: Caller,
  { limit, offset, owner }: Page & { owner?: string },
): Promise<{ rows: WithRole[]; total: number }> {
  const wanted = owner === undefined ? sql`true` : eq(projects.owner, owner);
  const [counted] = await database.drizzle
    .select({ total: count() })
    .from(projects)
    .leftJoin(projectShares, sharedWith(caller))
    .where(and(wanted, within(caller)));
  return { rows: await select(database, caller, wanted, { limit, offset }), total: counted?.total ?? 0 };
}

async function select(database: Database, caller: Caller, wanted: SQL | undefined, page: Page = { limit: 1, offset: 0 }): Promise<WithRole[]> {
  const rows = await database.drizzle
    .select({ project: projects, shared: projectShares.role })
    .from(projects)
    .leftJoin(projectShares, sharedWith(caller))
    .where(and(wanted, within(caller)))
    .orderBy(desc(projects.createdAt), desc(projects.id))
    .limit(page.limit)
    .offset(page.offset);
  return rows.map(({ project, shared }) => ({ project: toProject(project), role: roleOf(caller, project.owner, shared) }));
}

const sharedWith = ({ owner }: Caller) => and(eq(projectShares.projectId, projects.id), eq(projectShares.member, owner));
const within = (caller: Caller) => (seesAll(caller) ? sql`true` : or(eq(projects.owner, caller.owner), isNotNull(projectShares.role)));

function roleOf(caller: Caller, owner: string, shared: "viewer" | "approver" | "editor" | null): RoleInProject {
  if (owner === caller.owner) return "owner";
  if (caller.rights !== undefined && isAdmin(caller.rights)) return "admin";
  return shared ?? "decides";
}
