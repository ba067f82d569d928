import { randomUUID } from "node:crypto";
import type { Database } from "#db/client.ts";
import { testReports } from "#db/schema/projects.ts";
import type { Project, ProjectsPort } from "#ports/projects.ts";
import type { TestReport } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import type { DevopsOrder } from "#protocol/team-work.ts";
import { greenReport } from "./green-report.ts";

interface Ground {
  readonly database: Database;
  readonly projects: ProjectsPort;
  readonly workspaces: WorkspacesPort;
}

/** A delivery that engineering left green: a commit of this server on its branch, a stored report, the row; and the order to deploy it. */
export async function greenDelivery(ground: Ground, project: Project, server: string): Promise<{ order: DevopsOrder; report: TestReport }> {
  const { database, projects, workspaces } = ground;
  const deliveryId = randomUUID();
  const ids = { projectId: project.id, deliveryId };
  const workspace = await workspaces.prepare({ ...ids, stack: "node", projectName: project.name });
  await workspaces.writeFile(deliveryId, { path: "src/server.js", content: server });
  const { sha } = await workspaces.commitAttempt(deliveryId, { round: 1, subject: "Answer", trailers: { Delivery: deliveryId } });
  await workspaces.promote(deliveryId, sha);
  const report = greenReport({ ...ids, commitSha: sha });
  await database.drizzle.insert(testReports).values({ id: report.id, ...ids, commitSha: sha, report });
  await projects.saveSpec(project.id, {
    goal: "answers",
    stack: "node",
    acceptanceCriteria: [],
    testCommand: "node --test",
    startCommand: "node src/server.js",
    healthPath: "/health",
  });
  await projects.saveDelivery({
    id: deliveryId,
    projectId: project.id,
    request: "x",
    status: "green",
    branch: workspace.branch,
    baseSha: workspace.baseSha,
    headSha: sha,
    reportId: report.id,
    rounds: 1,
  });
  return { order: { project_id: project.id, project_name: project.name, action: "deploy", delivery_id: deliveryId, reason: "", language: "en" }, report };
}
