import type postgres from "postgres";
import type { Reach } from "#ports/access.ts";
import type { Sql } from "./sql.ts";

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/**
 * The condition that keeps a statement to the rows within reach. What a rule wants of the metadata is one parameter: neither its keys nor
 * its values ever become text of the statement.
 *
 * @param row the owner and metadata columns of the row that is judged; a run is judged by its thread
 */
export function within(sql: Sql, reach: Reach, row: { owner: Fragment; metadata: Fragment }): Fragment {
  if (typeof reach === "string") return sql`${row.owner} = ${reach}`;
  const owned = reach.owner === null ? sql`true` : sql`${row.owner} = ${reach.owner}`;
  return Object.keys(reach.contains).length === 0 ? owned : sql`${owned} and ${row.metadata} @> ${JSON.stringify(reach.contains)}::jsonb`;
}

/** The same over `t`, a thread. */
export function threadWithin(sql: Sql, reach: Reach): Fragment {
  return within(sql, reach, { owner: sql`t.owner`, metadata: sql`t.metadata` });
}

/** The same over `c`, a cron. */
export function cronWithin(sql: Sql, reach: Reach): Fragment {
  return within(sql, reach, { owner: sql`c.owner`, metadata: sql`c.metadata` });
}

/** The same over `a`, an assistant; those that graphs have by themselves are nobody's and everybody's. */
export function assistantWithin(sql: Sql, reach: Reach): Fragment {
  return within(sql, reach, { owner: sql`coalesce(a.owner, ${typeof reach === "string" ? reach : reach.owner})`, metadata: sql`a.metadata` });
}
