import type { Sql } from "./sql.ts";

/** An account for somebody who was not here yet; one that is there stays as it is. Answers whether it is new. */
export async function addUser(sql: Sql, identity: string): Promise<boolean> {
  const rows = await sql`insert into users (identity, display_name) values (${identity}, ${identity}) on conflict (identity) do nothing returning identity`;
  return rows.length > 0;
}
