import type { Sql } from "./sql.ts";

export interface OverThreads {
  /** Null: the database's clock. */
  now: Date | null;
  /** How long they rested. */
  restSeconds: number;
  /** How long those rested that wait for an answer; null: they are never over. */
  waitSeconds: number | null;
}

const clock = (sql: Sql, { now }: OverThreads) => sql`coalesce(${now}::timestamptz, now())`;

/** Threads of stateless runs that are over since a while; the longest first. None that asks something, itself or through its teams. */
export async function findOverTemporaryThreads(sql: Sql, over: OverThreads & { limit: number }): Promise<string[]> {
  const rows = await sql<{ thread_id: string }[]>`
    select t.thread_id from threads t where t.temporary and t.updated_at < ${clock(sql, over)} - make_interval(secs => ${over.restSeconds})
      and not exists (select 1 from runs r where r.thread_id = t.thread_id and r.status in ('pending', 'running'))
      and (t.updated_at < ${clock(sql, over)} - make_interval(secs => ${over.waitSeconds}::double precision)
        or (t.interrupts = '{}' and not exists (select 1 from approvals a where a.thread_id = t.thread_id and a.state in ('pending', 'resuming'))
          and not exists (select 1 from threads c where c.parent_thread_id = t.thread_id and c.status in ('busy', 'interrupted'))))
    order by t.updated_at limit ${over.limit}`;
  return rows.map((row) => row.thread_id);
}

/** The same for one thread whose tree is locked by now: none of it has a run that is not over, or a question. */
export async function isStillOver(sql: Sql, tree: readonly string[], threadId: string, over: OverThreads): Promise<boolean> {
  const threads = [...tree];
  const [row] = await sql<{ over: boolean }[]>`
    select not exists (select 1 from runs where thread_id = any(${threads}::uuid[]) and status in ('pending', 'running'))
      and exists (select 1 from threads where thread_id = ${threadId} and updated_at < ${clock(sql, over)} - make_interval(secs => ${over.restSeconds}))
      and (exists (select 1 from threads where thread_id = ${threadId} and updated_at < ${clock(sql, over)} - make_interval(secs => ${over.waitSeconds}::double precision))
        or not exists (select 1 from threads where thread_id = any(${threads}::uuid[]) and interrupts <> '{}'
          union all select 1 from approvals where thread_id = any(${threads}::uuid[]) and state in ('pending', 'resuming'))) as over`;
  return row?.over ?? false;
}
