import type { Sql } from "./sql.ts";

/** Status of a thread whose last active run went away without running: what it was before. The caller holds the row lock. */
export async function settleThread(sql: Sql, threadId: string): Promise<void> {
  await sql`
    update threads set updated_at = now(), status = case
      when exists (select 1 from runs where thread_id = ${threadId} and status in ('pending', 'running')) then 'busy'
      else resting end
    where thread_id = ${threadId}`;
}
