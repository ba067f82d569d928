import type postgres from "postgres";

/** Removes items whose time is over, at most `limit`; answers how many. Those that somebody writes right now are left for the next sweep. */
export async function sweepStoreItems(sql: postgres.Sql, limit: number): Promise<number> {
  const { count } = await sql`
    delete from store_items where (namespace, key) in (
      select namespace, key from store_items where expires_at <= clock_timestamp() order by expires_at limit ${limit} for update skip locked
    )`;
  return count;
}
