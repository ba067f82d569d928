import type postgres from "postgres";
import { endShare, putShare } from "#db/queries/project-shares.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { AppError } from "#errors";
import type { ProjectShare } from "#ports/identity.ts";
import type { Project } from "#ports/projects.ts";
import { openAccount } from "./identity/accounts.ts";

type Shared = Pick<Project, "id" | "owner">;

/** Shares a project, or changes as what; with an account for somebody who has none yet. @throws AppError `invalid_request` for its owner */
export function shareProject(
  sql: postgres.Sql,
  { project, member, role, actor }: { project: Shared; member: string; role: ProjectShare["role"]; actor: string },
): Promise<ProjectShare> {
  if (member === project.owner) throw new AppError("invalid_request", `The project is ${member}'s own; it is shared with others.`);
  return sql.begin(async (transaction) => {
    await openAccount(transaction, member, actor);
    const share = await putShare(transaction, { projectId: project.id, member, role, by: actor });
    await recordEvent(transaction, { type: "project.shared", owner: project.owner, actor, project_id: project.id, data: { user: member, role } });
    return share;
  });
}

/** From the next request on; open streams of theirs end within seconds. @throws AppError `not_found` when it is not shared with them */
export function unshareProject(sql: postgres.Sql, { project, member, actor }: { project: Shared; member: string; actor: string }): Promise<void> {
  return sql.begin(async (transaction) => {
    if (!(await endShare(transaction, { projectId: project.id, member }))) throw new AppError("not_found", `The project is not shared with ${member}.`);
    await recordEvent(transaction, { type: "project.unshared", owner: project.owner, actor, project_id: project.id, data: { user: member } });
  });
}
