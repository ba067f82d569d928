import type { RunStatus } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";

/** Where runs stand; those that are gone are missing. Who may know that was settled when they were first asked for. */
export async function runStatuses(sql: Sql, runIds: readonly string[]): Promise<Map<string, RunStatus>> {
  const rows = await sql<{ run_id: string; status: RunStatus }[]>`select run_id, status from runs where run_id = any(${[...runIds]}::uuid[])`;
  return new Map(rows.map((row) => [row.run_id, row.status]));
}
