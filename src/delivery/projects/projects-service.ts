import { desc, eq } from "drizzle-orm";
import type { Database } from "#db/client.ts";
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
    rollback: ({ owner }, projectId, input) => releases.forOwner(owner).rollback(projectId, input),
    undeploy: ({ owner }, projectId) => releases.forOwner(owner).undeploy(projectId),
    logs: ({ owner }, projectId, lines) => releases.forOwner(owner).logs(projectId, { lines }),
  };
}
