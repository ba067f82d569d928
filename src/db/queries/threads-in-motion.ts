import type { Sql } from "./sql.ts";

export interface ThreadMotion {
  thread_id: string;
  updated_at: Date;
  /** A run is on. */
  running: boolean;
}

/** When threads last changed, and whether they do now; what is not there any more is missing in the answer. */
export async function threadsInMotion(sql: Sql, threadIds: readonly string[]): Promise<ThreadMotion[]> {
  return sql<ThreadMotion[]>`
    select t.thread_id, t.updated_at, exists (select 1 from runs r where r.thread_id = t.thread_id and r.status = 'running') as running
    from threads t where t.thread_id = any(${[...threadIds]}::uuid[])`;
}
