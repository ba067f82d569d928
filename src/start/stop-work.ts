import type { Database } from "#db/client.ts";
import { findActiveRuns } from "#db/queries/find-active-runs.ts";
import { workUnderWay } from "#db/queries/work-under-way.ts";
import { cancelRun } from "#runtime/cancel-run.ts";
import type { StreamBus } from "#runtime/stream-bus/bus.ts";

/** Ends what somebody has under way on a project, in whatever process it is; their threads stay. */
export function stopWork({ database, bus }: { database: Database; bus: StreamBus }): (member: string, projectId: string) => Promise<void> {
  return async (member, projectId) => {
    for (const threadId of await workUnderWay(database.sql, { projectId, member }))
      for (const run of await findActiveRuns(database.sql, { owner: member, threadId, status: "all" })) await cancelRun({ database, bus }, run, "interrupt");
  };
}
