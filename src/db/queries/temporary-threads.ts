import type { Sql } from "./sql.ts";

/** Threads of stateless runs that are over since a while; the longest first. */
export async function findOverTemporaryThreads(sql: Sql, olderThanSeconds: number, limit: number): Promise<string[]> {
  const rows = await sql<{ thread_id: string }[]>`
    select t.thread_id from threads t where t.temporary and t.updated_at < now() - make_interval(secs => ${olderThanSeconds})
      and not exists (select 1 from runs r where r.thread_id = t.thread_id and r.status in ('pending', 'running'))
    order by t.updated_at limit ${limit}`;
  return rows.map((row) => row.thread_id);
}

/** Whether none of these threads, locked by now, has a run that is not over. */
export async function isStillOver(sql: Sql, tree: readonly string[]): Promise<boolean> {
  const rows = await sql`select 1 from runs where thread_id = any(${[...tree]}::uuid[]) and status in ('pending', 'running') limit 1`;
  return rows.length === 0;
}
