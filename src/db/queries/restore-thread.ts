import { cachedValues } from "./cached-values.ts";
import type { Sql } from "./sql.ts";

/**
 * Sets a thread back to where it was before a run that is undone: its cached state to what the checkpoints say now, its status and error to what
 * they were. The caller holds the row lock.
 */
export async function restoreThread(sql: Sql, thread: { threadId: string; valuesJson: string | null; interruptsJson: string }): Promise<void> {
  await sql`
    update threads set ${cachedValues(sql, thread.valuesJson)}, interrupts = ${thread.interruptsJson}, updated_at = now(),
      status = case when exists (select 1 from runs where thread_id = ${thread.threadId} and status in ('pending', 'running')) then 'busy' else resting end
    where thread_id = ${thread.threadId}`;
}
