import { randomUUID } from "node:crypto";
import { and, desc, eq, max } from "drizzle-orm";
import { z } from "zod";
import { AppError } from "#errors";
import type { Database } from "#db/client.ts";
import { testReports } from "#db/schema/projects.ts";
import { releases } from "#db/schema/releases.ts";
import type { DeployRequest, Release } from "#ports/releases.ts";

export type ReleaseRow = typeof releases.$inferSelect;

const INSERT_ATTEMPTS = 20;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Without what only this room knows of a release. */
export function toRelease(row: ReleaseRow): Release {
  const { id, projectId, number, commitSha, status, port, startCommand, healthPath, approvalId, reportId } = row;
  return { id, projectId, number, commitSha, status, port, startCommand, healthPath, approvalId, reportId, createdAt: row.createdAt.toISOString() };
}

/** All releases of a project, newest first. */
export function releaseRows(database: Database, projectId: string): Promise<ReleaseRow[]> {
  return database.drizzle.select().from(releases).where(eq(releases.projectId, projectId)).orderBy(desc(releases.number));
}

/** The release that an approval has made already. */
export async function releaseOfApproval(database: Database, approvalId: string): Promise<ReleaseRow | undefined> {
  const [row] = await database.drizzle.select().from(releases).where(eq(releases.approvalId, approvalId));
  return row;
}

/** @throws AppError `invalid_request` for what no release could be made of. */
export function requireUsable(request: DeployRequest): void {
  const refuse = (words: string) => new AppError("invalid_request", words);
  if (!UUID.test(request.approvalId) || !UUID.test(request.reportId)) {
    throw refuse("A deployment rests on an approval and a test report; their ids must be given.");
  }
  if (request.startCommand.trim() === "" || request.startCommand.includes("\0")) throw refuse("There is no command to start the service with.");
  if (!/^\/[^\s]*$/.test(request.healthPath)) throw refuse(`The health path must begin with / and hold no spaces: "${request.healthPath}".`);
}

const GreenReport = z.object({ green: z.literal(true), commitSha: z.string(), projectId: z.string() });

/** @throws AppError `deploy_failed` unless the stored report says green about exactly this commit of this project. */
export async function requireGreenReport(database: Database, request: { projectId: string; reportId: string; commitSha: string }): Promise<void> {
  const refuse = (because: string) => new AppError("deploy_failed", `Not deployed: ${because} Only a commit whose tests are green can be deployed.`);
  const [row] = await database.drizzle
    .select()
    .from(testReports)
    .where(and(eq(testReports.id, request.reportId), eq(testReports.projectId, request.projectId)));
  if (!row) throw refuse("this project has no such test report.");
  const report = GreenReport.safeParse(row.report);
  if (!report.success) throw refuse("the test report is not green.");
  if (report.data.commitSha !== request.commitSha || row.commitSha !== request.commitSha || report.data.projectId !== request.projectId) {
    throw refuse(`the test report is about commit ${row.commitSha.slice(0, 12)}, not ${request.commitSha.slice(0, 12)}.`);
  }
}

/** The row of a deployment; made once per approval, numbered per project. */
export async function openReleaseRow(database: Database, request: DeployRequest, secretReferences: string[]): Promise<ReleaseRow> {
  const { drizzle } = database;
  for (let attempt = 0; attempt < INSERT_ATTEMPTS; attempt += 1) {
    const [last] = await drizzle
      .select({ number: max(releases.number) })
      .from(releases)
      .where(eq(releases.projectId, request.projectId));
    const [made] = await drizzle
      .insert(releases)
      .values({
        id: randomUUID(),
        projectId: request.projectId,
        number: (last?.number ?? 0) + 1,
        commitSha: request.commitSha,
        status: "starting",
        startCommand: request.startCommand,
        healthPath: request.healthPath,
        publicEnvironment: request.publicEnvironment,
        secretReferences,
        approvalId: request.approvalId,
        reportId: request.reportId,
      })
      .onConflictDoNothing()
      .returning();
    const row = made ?? (await releaseOfApproval(database, request.approvalId));
    if (row) return row;
  }
  throw new AppError("conflict", "Too many deployments of this project at once. Try again.");
}
