import { STREAM_CHANNEL } from "./notify.ts";
import type { Sql } from "./sql.ts";

export interface FrameRow {
  runId: string;
  sequence: number;
  event: string;
  data: string;
}

/** Appends frames of any runs and tells who listens; a frame that is there already stays as it was. */
export async function appendFrames(sql: Sql, frames: readonly FrameRow[], publisher: string): Promise<void> {
  if (frames.length === 0) return;
  const hints = [...new Set(frames.map((frame) => frame.runId))].map((runId) => `${publisher} ${runId}`);
  await sql`
    with added as (
      insert into stream_events (run_id, sequence, event, data)
      select * from unnest(${frames.map((frame) => frame.runId)}::uuid[], ${frames.map((frame) => frame.sequence)}::bigint[],
        ${frames.map((frame) => frame.event)}::text[], ${frames.map((frame) => frame.data)}::text[])
      on conflict do nothing
    )
    select pg_notify(${STREAM_CHANNEL}, hint) from unnest(${hints}::text[]) as hint`;
}
