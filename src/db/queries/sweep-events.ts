import type { Sql } from "./sql.ts";

/** Removes the oldest events of the log that are past their time. The audit log is kept. Answers how many went. */
export async function sweepEvents(sql: Sql, olderThanDays: number, limit: number): Promise<number> {
  const gone = await sql`
    with oldest as (select seq, at from events order by seq limit ${limit})
    delete from events where seq in (select seq from oldest where at < now() - make_interval(secs => ${olderThanDays * 86_400})) returning 1`;
  return gone.length;
}
