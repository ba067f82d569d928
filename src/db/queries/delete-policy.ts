import type { Sql } from "./sql.ts";

/** False when there is none. */
export async function deletePolicy(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql`delete from policies where id = ${id} returning id`;
  return rows.length > 0;
}
