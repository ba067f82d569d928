import type { StreamFrame } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";

/** A run's frames after a number, oldest first. */
export async function readFrames(sql: Sql, input: { runId: string; after: number; limit: number }): Promise<StreamFrame[]> {
  return sql<StreamFrame[]>`
    select sequence::text as id, event, data from stream_events
    where run_id = ${input.runId} and sequence > ${Math.min(input.after, Number.MAX_SAFE_INTEGER)}::bigint order by sequence limit ${input.limit}`;
}

/** Highest number of a run's frames but for its end marker, -1 for none. */
export async function lastFrame(sql: Sql, runId: string, endEvent: string): Promise<number> {
  const [row] = await sql<
    { last: number }[]
  >`select coalesce(max(sequence), -1)::float8 as last from stream_events where run_id = ${runId} and event <> ${endEvent}`;
  return row?.last ?? -1;
}

/** Whether the newest frame of a run is its end marker. */
export async function framesEnded(sql: Sql, runId: string, endEvent: string): Promise<boolean> {
  const [row] = await sql<{ event: string }[]>`select event from stream_events where run_id = ${runId} order by sequence desc limit 1`;
  return row?.event === endEvent;
}
