import type { Sql } from "./sql.ts";

export const RUNS_CHANNEL = "slipway_runs";
export const STREAM_CHANNEL = "slipway_stream";
/** Says how far the log of events goes now. */
export const EVENTS_CHANNEL = "slipway_events";

/** What processes tell each other about runs. A hint: whoever misses it finds the same in the tables at its next sweep. */
export type RunHint = { kind: "pending" } | { kind: "cancel"; runId: string } | { kind: "outbox" } | { kind: "approvals" };

/** Wakes whoever executes runs; a hint, for the tables are looked at anyhow. */
export async function notifyRuns(sql: Sql, hint: RunHint): Promise<void> {
  await sql`select pg_notify(${RUNS_CHANNEL}, ${JSON.stringify(hint)})`;
}
