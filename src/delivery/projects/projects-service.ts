import { desc, eq } from "drizzle-orm";
import type { Database } from "#db/client.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { sumModelCalls } from "#db/queries/sum-model-calls.ts";
import { projects } from "#db/schema/projects.ts";
import type { ProjectsService } from "#ports/services.ts";
import { findProject, toProject } from "./projects.ts";
import type { Releases } from "../releases/releases.ts";

/** What the HTTP layer may do with projects; every method is narrowed to the caller. */
export function createProjectsService({ database, releases }: { database: Database; releases: Releases }): ProjectsService {
  return {
    async list({ owner }) {
      const rows = await database.drizzle.select().from(projects).where(eq(projects.owner, owner)).orderBy(desc(projects.createdAt), desc(projects.id));
      return Promise.all(rows.map(async (row) => ({ ...toProject(row), service: await releases.forOwner(owner).status(row.id) })));
    },
    async get({ owner }, projectId) {
      const project = await findProject(database, owner, projectId);
      const [service, usage] = await Promise.all([releases.forOwner(owner).status(projectId), sumModelCalls(database, projectId)]);
      return { ...project, service, usage };
    },
    async rollback({ owner }, projectId, input) {
      await findProject(database, owner, projectId);
      const data = { reason: input.reason, release_id: input.releaseId ?? null };
      await recordEvent(database.sql, { type: "rollback.requested", owner, actor: owner, project_id: projectId, data });
      return releases.forOwner(owner).rollback(projectId, input);
    },
    async undeploy({ owner }, projectId) {
      await findProject(database, owner, projectId);
      await recordEvent(database.sql, { type: "undeploy.requested", owner, actor: owner, project_id: projectId, data: {} });
      return releases.forOwner(owner).undeploy(projectId);
    },
    logs: ({ owner }, projectId, lines) => releases.forOwner(owner).logs(projectId, { lines }),
  };
}
