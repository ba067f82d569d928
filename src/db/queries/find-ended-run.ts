import { type RunRow, runColumns } from "./run-row.ts";
import type { Sql } from "./sql.ts";
import type { ThreadRow } from "./thread-row.ts";

/** A run that asked for a webhook, with what its thread's row holds and its questions, as they stand within this transaction; null for one that did not. */
export interface EndedRun extends RunRow {
  webhook: string;
  /** JSON text; null where the row has none. */
  values_json: string | null;
  interrupts: ThreadRow["interrupts"];
}

/** Null for a run that asked for no webhook. */
export async function findEndedRun(sql: Sql, runId: string): Promise<EndedRun | null> {
  const rows = await sql<EndedRun[]>`
    select ${runColumns(sql)}, r.kwargs->>'webhook' as webhook, t."values"::text as values_json, t.interrupts
    from runs r join threads t on t.thread_id = r.thread_id where r.run_id = ${runId} and r.kwargs->>'webhook' is not null`;
  return rows[0] ?? null;
}
