import type { RunStatus } from "#protocol/wire.ts";
import type { Sql } from "./sql.ts";

/** Every run of these threads. */
export function runsOfThreads(sql: Sql, threadIds: readonly string[]): Promise<{ run_id: string; status: RunStatus }[]> {
  return sql<{ run_id: string; status: RunStatus }[]>`select run_id, status from runs where thread_id = any(${[...threadIds]}::uuid[]) order by sequence`;
}
