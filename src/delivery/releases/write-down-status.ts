/** Writing down in the database what the supervisor did, with or without a server watching. Safe to repeat, by any number of servers. */
import { and, eq, inArray, notInArray, or, sql } from "drizzle-orm";
import type { Database } from "#db/client.ts";
import { portLeases, releases } from "#db/schema/releases.ts";
import type { ReleaseStatus } from "#ports/releases.ts";
import type { App, Slot, Status } from "../supervisor/protocol.ts";

/** What a slot of the supervisor means for the release's row. */
function statusOfSlot(app: App, slot: Slot): ReleaseStatus {
  if (slot.phase === "crashed") return "failed";
  if (slot.phase === "starting") return app.serving === slot.releaseId ? "live" : "starting";
  if (slot.phase === "serving") return app.serving === slot.releaseId ? "live" : "draining";
  if (slot.phase === "draining") return "draining";
  if (slot.phase === "stopped") return "retired";
  const served = slot.outcome?.evidence.some((line) => line.phase === "switch" || line.phase === "watch") ?? false;
  return served ? "rolled_back" : "failed";
}

/** Statuses that a release keeps when it merely stops. */
const KEPT: ReleaseStatus[] = ["rolled_back", "failed"];

/** Statuses that this one does not follow: what has drained drains again only after it served again, so who says so looked earlier. */
function notAfter(next: ReleaseStatus): ReleaseStatus[] {
  if (next === "draining") return [...KEPT, "retired"];
  return next === "retired" ? KEPT : [];
}

/** True when nobody will start this release on its port again. */
function isDone(app: App, slot: Slot): boolean {
  if ((slot.phase !== "stopped" && slot.phase !== "failed") || slot.process !== null) return false;
  const serving = app.slots.find((other) => other.releaseId === app.serving);
  return slot.releaseId !== app.previous || serving === undefined || serving.watchUntil === null;
}

export async function writeDownStatus(database: Database, status: Pick<Status, "apps">): Promise<void> {
  const { drizzle } = database;
  const done: string[] = [];
  for (const app of status.apps) {
    for (const slot of app.slots) {
      const next = statusOfSlot(app, slot);
      await drizzle
        .update(releases)
        .set({ status: next, ...(slot.outcome === null ? {} : { outcome: slot.outcome }), updatedAt: sql`now()` })
        .where(
          and(
            eq(releases.id, slot.releaseId),
            notInArray(releases.status, notAfter(next)),
            or(
              sql`${releases.status} is distinct from ${next}`,
              slot.outcome === null ? undefined : sql`${releases.outcome} is distinct from ${JSON.stringify(slot.outcome)}::jsonb`,
            ),
          ),
        );
      if (isDone(app, slot)) done.push(slot.releaseId);
    }
  }
  if (done.length > 0) await drizzle.delete(portLeases).where(inArray(portLeases.releaseId, done));
}
