import type { Sql } from "./sql.ts";

/**
 * How many runs of this owner are not over. Whoever asks for the same owner waits until this transaction ends, so that of many at once no more get in
 * than may.
 */
export async function countRunsExclusively(sql: Sql, owner: string): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtext('runs of'), hashtext(${owner}))`;
  const [row] = await sql<{ runs: number }[]>`select count(*)::int as runs from runs where owner = ${owner} and status in ('pending', 'running')`;
  return row?.runs ?? 0;
}
