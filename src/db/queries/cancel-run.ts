import type { Sql } from "./sql.ts";

/**
 * Ends a pending run as interrupted and marks a running one for its worker. The first cancellation wins: a second action does not replace it.
 * The caller holds the thread's row lock. Null when the run is over or unknown.
 */
export async function cancelRunRow(
  sql: Sql,
  input: { runId: string; action: "interrupt" | "rollback" },
): Promise<{ status: "interrupted" | "running" } | null> {
  const rows = await sql<{ status: "interrupted" | "running" }[]>`
    update runs set
      cancel = coalesce(cancel, ${input.action}),
      status = case when status = 'pending' then 'interrupted' else status end,
      ended_at = case when status = 'pending' then now() else ended_at end,
      updated_at = now()
    where run_id = ${input.runId} and status in ('pending', 'running') returning status`;
  return rows[0] ?? null;
}
