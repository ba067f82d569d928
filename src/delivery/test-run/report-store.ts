import { eq } from "drizzle-orm";
import { z } from "zod";
import type { Database } from "#db/client.ts";
import { testReports } from "#db/schema/projects.ts";
import type { TestReport } from "#ports/tests.ts";

const Uuid = z.uuid();

/** The stored report, or null. An id that cannot be one is not looked up. */
export async function findReport(database: Database, reportId: string): Promise<TestReport | null> {
  if (!Uuid.safeParse(reportId).success) return null;
  const [row] = await database.drizzle.select({ report: testReports.report }).from(testReports).where(eq(testReports.id, reportId)).limit(1);
  // saveReport is the column's only writer
  return row === undefined ? null : (row.report as TestReport);
}

/** Stores a report once: when another run of the same id was first, its report is the answer. */
export async function saveReport(database: Database, report: TestReport): Promise<TestReport> {
  await database.drizzle
    .insert(testReports)
    .values({ id: report.id, projectId: report.projectId, deliveryId: report.deliveryId, commitSha: report.commitSha, report })
    .onConflictDoNothing();
  return (await findReport(database, report.id)) ?? report;
}
