import type { Sql } from "./sql.ts";

/**
 * How many runs of this owner are not over, and how many of those were made with this key. Whoever asks for the same owner waits until this
 * transaction ends, so that of many at once no more get in than may.
 */
export async function countRunsExclusively(sql: Sql, owner: string, keyId: string | null): Promise<{ runs: number; of_key: number }> {
  await sql`select pg_advisory_xact_lock(hashtext('runs of'), hashtext(${owner}))`;
  const [row] = await sql<{ runs: number; of_key: number }[]>`
    select count(*)::int as runs, (count(*) filter (where kwargs -> 'user' ->> 'key_id' = ${keyId}::text))::int as of_key
    from runs where owner = ${owner} and status in ('pending', 'running')`;
  return row ?? { runs: 0, of_key: 0 };
}
