import type { Sql } from "./sql.ts";

/** The database's clock: the only one that all processes share. */
export async function currentTime(sql: Sql): Promise<Date> {
  const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
  if (row === undefined) throw new Error("a select without a table answered no row");
  return row.now;
}
