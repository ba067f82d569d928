import type { Sql } from "./sql.ts";

/** Deletes threads of stateless runs that are over since a while, and returns their ids, whose checkpoints go next. */
export async function sweepTemporaryThreads(sql: Sql, olderThanSeconds: number): Promise<string[]> {
  const rows = await sql<{ thread_id: string }[]>`
    delete from threads t where t.temporary and t.updated_at < now() - make_interval(secs => ${olderThanSeconds})
      and not exists (select 1 from runs r where r.thread_id = t.thread_id and r.status in ('pending', 'running'))
    returning t.thread_id`;
  return rows.map((row) => row.thread_id);
}
