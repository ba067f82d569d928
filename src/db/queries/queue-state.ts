import type { Sql } from "./sql.ts";

export interface QueueState {
  /** Whenever they are due. */
  pending: number;
  running: number;
  /** Pending, due, and the first of an idle thread: what a free worker would take. */
  due: number;
  /** Since the oldest of them is due; 0 when there is none. */
  oldest_seconds: number;
  webhooks: number;
}

/** How much there is to do. Reads partial indexes only: what is over is never counted. */
export async function readQueueState(sql: Sql): Promise<QueueState> {
  const [row] = await sql<[QueueState]>`
    with due as (
      select r.run_after from runs r
      where r.status = 'pending' and r.run_after <= now()
        and not exists (select 1 from runs o where o.thread_id = r.thread_id and o.status = 'running')
        and not exists (select 1 from runs e where e.thread_id = r.thread_id and e.status = 'pending' and e.sequence < r.sequence and e.run_after <= now())
    )
    select
      (select count(*)::int from runs where status = 'pending') as pending,
      (select count(*)::int from runs where status = 'running') as running,
      (select count(*)::int from due) as due,
      (select coalesce(extract(epoch from now() - min(run_after)), 0)::float8 from due) as oldest_seconds,
      (select count(*)::int from webhooks where outcome is null) as webhooks`;
  return row;
}
