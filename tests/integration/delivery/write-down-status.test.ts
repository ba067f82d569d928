import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeDownStatus } from "#delivery/releases/write-down-status.ts";
import { type App, type Slot, Timing } from "#delivery/supervisor/protocol.ts";
import { testDatabase } from "../../helpers/database.ts";
import { ownedProject } from "../../helpers/owned-project.ts";

test("what was seen before a release had drained does not undo that it has, when it is written down later", async () => {
  const { database } = await testDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), "slipway-status-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const { id, slug, release } = await ownedProject(database.sql, dataDir, { owner: "ada", name: "polls" });
  const slot = (phase: Slot["phase"]): Slot => ({
    releaseId: release,
    number: 1,
    sha: "a".repeat(40),
    port: 20_000,
    healthPath: "/health",
    logFile: "1.log",
    phase,
    process: null,
    operation: "deploy:1",
    outcome: null,
    watchUntil: null,
    exits: [],
    timing: Timing.parse({}),
  });
  const seen = (phase: Slot["phase"], serving: string | null): Promise<void> =>
    writeDownStatus(database, { apps: [{ slug, projectId: id, serving, previous: null, slots: [slot(phase)] } satisfies App] });
  const statuses: unknown[] = [];
  for (const [phase, serving] of [
    ["serving", release],
    ["draining", null],
    ["stopped", null],
    ["draining", null],
    ["serving", release],
    ["draining", null],
  ] as const) {
    await seen(phase, serving);
    statuses.push((await database.sql`select status from releases where id = ${release}`)[0]?.["status"]);
  }
  expect(statuses).toEqual(["live", "draining", "retired", "retired", "live", "draining"]);
});
