import type { ThreadStatus } from "#protocol/wire.ts";
import { cachedValues } from "./cached-values.ts";
import type { Sql } from "./sql.ts";

/** Writes what a thread's newest checkpoint says into its row; the status only where no run is active. The caller holds the row lock. */
export async function setThreadCache(
  sql: Sql,
  cache: { threadId: string; status: Exclude<ThreadStatus, "busy">; valuesJson: string | null; interruptsJson: string },
): Promise<void> {
  await sql`
    update threads set ${cachedValues(sql, cache.valuesJson)}, interrupts = ${cache.interruptsJson}, error = null, updated_at = now(),
      status = case when exists (select 1 from runs where thread_id = ${cache.threadId} and status in ('pending', 'running')) then 'busy' else ${cache.status} end,
      resting = ${cache.status}
    where thread_id = ${cache.threadId}`;
}
