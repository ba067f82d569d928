import type { Sql } from "./sql.ts";

/** How a run was cancelled; null when it was not, or is gone. */
export async function readCancel(sql: Sql, runId: string): Promise<"interrupt" | "rollback" | null> {
  const [row] = await sql<{ cancel: "interrupt" | "rollback" | null }[]>`select cancel from runs where run_id = ${runId}`;
  return row?.cancel ?? null;
}
