import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

/**
 * Number of a thread's last event, 0 when there was none; null when the thread is gone. `settling`: a run on it ended a moment ago, so its
 * last event may not be everywhere yet.
 */
export async function threadSequence(sql: Sql, threadId: string): Promise<{ seq: number; settling: boolean } | null> {
  const rows = await sql<{ seq: number; settling: boolean }[]>`
    select t.seq::float8 as seq, coalesce((
      select r.ended_at > now() - interval '2 seconds' from runs r where r.thread_id = t.thread_id and r.ended_at is not null order by r.sequence desc limit 1
    ), false) as settling
    from threads t where t.thread_id = ${threadId}`;
  return rows[0] ?? null;
}

/** Numbers up to `seq` are taken; less than was reserved before changes nothing. */
export async function reserveThreadSequence(sql: Sql, input: { threadId: string; seq: number }): Promise<void> {
  await sql`update threads set seq = ${input.seq} where thread_id = ${input.threadId} and seq < ${input.seq}`;
}

/** Gives back what was reserved and not used, unless somebody else has reserved since. */
export async function releaseThreadSequence(sql: Sql, input: { threadId: string; seq: number; reserved: number }): Promise<void> {
  await sql`update threads set seq = ${input.seq} where thread_id = ${input.threadId} and seq = ${input.reserved}`;
}

export interface ThreadForReader {
  within: boolean;
  seq: number;
  /** No run waits or is on. */
  rests: boolean;
}

/** Whether a thread is there and within reach, with the number of its last event. Null: there is no such thread. */
export async function threadForReader(sql: Sql, threadId: string, reach: Reach): Promise<ThreadForReader | null> {
  const rows = await sql<ThreadForReader[]>`
    select ${threadWithin(sql, reach)} as within, t.seq::float8 as seq, t.status <> 'busy' as rests from threads t where t.thread_id = ${threadId}`;
  return rows[0] ?? null;
}
