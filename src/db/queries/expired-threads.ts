import type { Sql } from "./sql.ts";

export interface ExpiredThread {
  thread_id: string;
  ttl_strategy: "delete" | "keep_latest";
}

export interface Expiry {
  /** Null: the database's clock. */
  now: Date | null;
  /** Also threads that wait for a person's answer. */
  waiting: boolean;
}

/** Threads that rested for as long as they may, the longest first. None with a run that is not over, or a cron that comes back to it. */
export function findExpiredThreads(sql: Sql, expiry: Expiry & { limit: number }): Promise<ExpiredThread[]> {
  return sql<ExpiredThread[]>`
    select t.thread_id, coalesce(t.ttl_strategy, 'delete') as ttl_strategy from threads t
    where t.expires_at <= coalesce(${expiry.now}::timestamptz, now()) and not t.temporary
      and t.status = any(${expiry.waiting ? ["idle", "error", "interrupted"] : ["idle", "error"]}::text[])
      and not exists (select 1 from threads c where c.parent_thread_id = t.thread_id and c.status <> all(${expiry.waiting ? ["idle", "error", "interrupted"] : ["idle", "error"]}::text[]))
      ${expiry.waiting ? sql`` : sql`and not exists (select 1 from approvals a where a.thread_id = t.thread_id and a.state in ('pending', 'resuming'))`}
      and not exists (select 1 from crons c where c.thread_id = t.thread_id)
    order by t.expires_at limit ${expiry.limit}`;
}

/** The same for one thread whose tree is locked by now: what counted when it was found may have changed until then. */
export async function isStillExpired(sql: Sql, tree: readonly string[], threadId: string, expiry: Expiry): Promise<boolean> {
  const [row] = await sql<{ due: boolean }[]>`
    select exists (select 1 from threads where thread_id = ${threadId} and expires_at <= coalesce(${expiry.now}::timestamptz, now()))
      and not exists (select 1 from runs where thread_id = any(${[...tree]}::uuid[]) and status in ('pending', 'running'))
      and not exists (select 1 from crons where thread_id = any(${[...tree]}::uuid[]))
      and (${expiry.waiting}::boolean or not exists (select 1 from threads where thread_id = any(${[...tree]}::uuid[]) and status = 'interrupted'
        union all select 1 from approvals where thread_id = any(${[...tree]}::uuid[]) and state in ('pending', 'resuming'))) as due`;
  return row?.due ?? false;
}

/** Nothing is due on a pruned thread until it changes. */
export async function markSwept(sql: Sql, threadId: string): Promise<void> {
  await sql`update threads set swept_at = updated_at where thread_id = ${threadId}`;
}
