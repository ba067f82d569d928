import type { Sql } from "./sql.ts";

/** Drops frames that nobody may ask for any more. */
export async function trimFrames(sql: Sql, olderThanSeconds: number): Promise<void> {
  await sql`
    delete from stream_events e where e.created_at < now() - make_interval(secs => ${olderThanSeconds})
      and not exists (select 1 from runs r where r.run_id = e.run_id and r.status = 'running')`;
}

/** Keeps a run's newest frames only. */
export async function trimRunFrames(sql: Sql, runId: string, below: number): Promise<void> {
  await sql`delete from stream_events where run_id = ${runId} and sequence < ${below}`;
}
