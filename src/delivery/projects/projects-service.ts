import type { Database } from "#db/client.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { sumModelCalls } from "#db/queries/sum-model-calls.ts";
import { listShares } from "#db/queries/project-shares.ts";
import { AppError } from "#errors";
import { shareProject, unshareProject } from "#governance/project-shares.ts";
import type { ProjectsService } from "#ports/services/projects.ts";
import { findProjectFor, projectsWithin } from "./project-reach.ts";
import type { Releases } from "../releases/releases.ts";

/** What the HTTP layer may do with projects; every method is narrowed to what the caller may (docs/identity.md). */
export function createProjectsService({
  database,
  releases,
  stopWork,
}: {
  database: Database;
  releases: Releases;
  /** Ends what somebody has under way on a project that is not shared with them any more. */
  stopWork: (member: string, projectId: string) => Promise<void>;
}): ProjectsService {
  const { sql } = database;

  return {
    async list(caller, page) {
      const { rows, total } = await projectsWithin(database, caller, page);
      const items = rows.map(async ({ project, role }) => ({ ...project, role, service: await releases.forOwner(project.owner).status(project.id) }));
      return { items: await Promise.all(items), total };
    },
    async get(caller, projectId) {
      const { project, role } = await findProjectFor(database, caller, projectId, "see");
      const [service, usage] = await Promise.all([releases.forOwner(project.owner).status(projectId), sumModelCalls(database, projectId)]);
      return { ...project, role, service, usage };
    },
    async rollback(caller, projectId, input) {
      const { project } = await findProjectFor(database, caller, projectId, "change");
      const data = { reason: input.reason, release_id: input.releaseId ?? null };
      await recordEvent(sql, { type: "rollback.requested", owner: project.owner, actor: caller.owner, project_id: projectId, data });
      return releases.forOwner(project.owner).rollback(projectId, input);
    },
    async undeploy(caller, projectId) {
      const { project } = await findProjectFor(database, caller, projectId, "change");
      await recordEvent(sql, { type: "undeploy.requested", owner: project.owner, actor: caller.owner, project_id: projectId, data: {} });
      return releases.forOwner(project.owner).undeploy(projectId);
    },
    async logs(caller, projectId, lines) {
      const { project } = await findProjectFor(database, caller, projectId, "read logs");
      return releases.forOwner(project.owner).logs(projectId, { lines });
    },
    async shares(caller, projectId) {
      const { project } = await findProjectFor(database, caller, projectId, "see");
      return listShares(sql, project.id);
    },
    async share(caller, projectId, { user, role }) {
      const { project } = await findProjectFor(database, caller, projectId, "share");
      if (caller.rights === undefined) throw new AppError("forbidden", "Without accounts there is nobody to share with. Set AUTH (docs/identity.md).");
      const share = await shareProject(sql, { project, member: user, role, actor: caller.owner });
      if (role !== "editor") await stopWork(user, project.id);
      return share;
    },
    async unshare(caller, projectId, user) {
      // to leave takes nobody's leave
      const { project } = await findProjectFor(database, caller, projectId, user === caller.owner ? "see" : "share");
      await unshareProject(sql, { project, member: user, actor: caller.owner });
      await stopWork(user, project.id);
    },
  };
}
