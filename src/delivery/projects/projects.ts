import { randomUUID } from "node:crypto";
import { and, asc, desc, eq, or, type SQL, sql } from "drizzle-orm";
import { AppError } from "#errors";
import type { Database } from "#db/client.ts";
import { deliveries, deliverySteps, projects, projectShares } from "#db/schema/projects.ts";
import type { Delivery, Project, ProjectsPort, ProjectSpec } from "#ports/projects.ts";
import type { RunIdentity } from "#ports/run.ts";
import { slugOf } from "./slug.ts";

export interface ProjectsOptions {
  database: Database;
  /** Who works on which projects, and which call of which branch makes a new one. */
  run: Pick<RunIdentity, "owner" | "threadId" | "branch">;
}

const SLUG_ATTEMPTS = 20;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A row as the port shows it. */
export function toProject(row: typeof projects.$inferSelect): Project {
  // `spec` is written by saveSpec alone
  const spec = row.spec as ProjectSpec | null;
  return { id: row.id, owner: row.owner, name: row.name, slug: row.slug, goal: row.goal, stack: row.stack, spec, createdAt: row.createdAt.toISOString() };
}

function toDelivery(row: typeof deliveries.$inferSelect): Delivery {
  const { updatedAt: _, createdAt, ...rest } = row;
  return { ...rest, createdAt: createdAt.toISOString() };
}

export function isProjectId(text: string): boolean {
  return UUID.test(text);
}

/** Projects that this person may work on: their own, and those that are shared with them for that. */
export function workedOnBy(member: string): SQL | undefined {
  return or(
    eq(projects.owner, member),
    sql`exists (select 1 from ${projectShares} s where s.project_id = ${projects.id} and s.member = ${member} and s.role = 'editor')`,
  );
}

/** The project when this person may work on it. @throws AppError `not_found`. */
export async function findProject(database: Database, member: string, projectId: string): Promise<Project> {
  const [row] = UUID.test(projectId)
    ? await database.drizzle
        .select()
        .from(projects)
        .where(and(eq(projects.id, projectId), workedOnBy(member)))
    : [];
  if (!row) throw new AppError("not_found", "There is no such project.");
  return toProject(row);
}

/** Projects, deliveries and their steps, narrowed to what the owner of a run may work on. */
export function createProjects({ database, run }: ProjectsOptions): ProjectsPort {
  const { drizzle } = database;
  const own = (projectId: string) => findProject(database, run.owner, projectId);

  async function ownDelivery(id: string): Promise<void> {
    const [row] = await drizzle.select({ projectId: deliveries.projectId }).from(deliveries).where(eq(deliveries.id, id));
    if (!row) throw new AppError("not_found", "There is no such delivery.");
    await own(row.projectId);
  }

  return {
    async create({ call, name, goal, stack }) {
      const createdBy = [run.threadId, run.branch, call].join("/");
      const wanted = slugOf(name);
      for (let attempt = 0; attempt < SLUG_ATTEMPTS; attempt += 1) {
        const slug = attempt === 0 ? wanted : `${wanted.slice(0, 50)}-${attempt < 9 ? attempt + 1 : randomUUID().slice(0, 8)}`;
        await drizzle
          .insert(projects)
          .values({ id: randomUUID(), owner: run.owner, name: name.trim() || slug, slug, goal, stack, createdBy })
          .onConflictDoNothing();
        // ours now, or made by an earlier attempt of the same call; else the slug was taken
        const [row] = await drizzle
          .select()
          .from(projects)
          .where(and(eq(projects.createdBy, createdBy), eq(projects.owner, run.owner)));
        if (row) return toProject(row);
      }
      throw new AppError("conflict", `No free address could be found for a project called "${name}". Choose another name.`);
    },
    get: own,
    async list() {
      const rows = await drizzle.select().from(projects).where(workedOnBy(run.owner)).orderBy(desc(projects.createdAt), desc(projects.id));
      return rows.map(toProject);
    },
    async find(nameOrSlug) {
      const wanted = nameOrSlug.trim().toLowerCase();
      const [row] = await drizzle
        .select()
        .from(projects)
        .where(and(workedOnBy(run.owner), or(eq(sql`lower(${projects.name})`, wanted), eq(projects.slug, wanted))))
        // a slug names one project, so it wins over a name; and one's own over those of others
        .orderBy(desc(eq(projects.slug, wanted)), desc(eq(projects.owner, run.owner)), desc(projects.createdAt), desc(projects.id))
        .limit(1);
      return row ? toProject(row) : null;
    },
    async saveSpec(projectId, spec) {
      const [row] = await drizzle
        .update(projects)
        .set({ spec, goal: spec.goal, stack: spec.stack, updatedAt: sql`now()` })
        .where(and(eq(projects.id, projectId), workedOnBy(run.owner)))
        .returning();
      if (!row) throw new AppError("not_found", "There is no such project.");
      return toProject(row);
    },
    async saveDelivery(delivery) {
      await own(delivery.projectId);
      const { id, projectId, createdAt: _, ...given } = delivery;
      // drizzle leaves out what is undefined, and refuses an update of nothing
      const [row] = await drizzle
        .insert(deliveries)
        .values({ id, projectId, ...given })
        .onConflictDoUpdate({ target: deliveries.id, set: { ...given, updatedAt: sql`now()` }, setWhere: eq(deliveries.projectId, projectId) })
        .returning();
      if (!row) throw new AppError("conflict", "This delivery belongs to another project.");
      return toDelivery(row);
    },
    async deliveries(projectId) {
      await own(projectId);
      const rows = await drizzle.select().from(deliveries).where(eq(deliveries.projectId, projectId)).orderBy(asc(deliveries.createdAt), asc(deliveries.id));
      return rows.map(toDelivery);
    },
    async recordStep(step) {
      await ownDelivery(step.deliveryId);
      const { round, commitSha, reportId, releaseId } = step;
      await drizzle
        .insert(deliverySteps)
        .values(step)
        .onConflictDoUpdate({
          target: [deliverySteps.threadId, deliverySteps.checkpointId, deliverySteps.node],
          set: { round, commitSha, reportId, releaseId },
        });
    },
  };
}
