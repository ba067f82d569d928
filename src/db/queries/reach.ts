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

/**
 * The same over `t`, a thread; those that work on a project that the caller may see are within reach too. Never null, which is neither true
 * nor false: a conversation works on no project.
 */
export function threadWithin(sql: Sql, reach: Reach): Fragment {
  const own = within(sql, reach, { owner: sql`t.owner`, metadata: sql`t.metadata` });
  const projects = typeof reach === "string" ? [] : (reach.projects ?? []);
  return projects.length === 0 ? own : sql`((${own}) or (t.project_id is not null and t.project_id = any(${[...projects]}::uuid[])))`;
}

/** The same over `c`, a cron. */
export function cronWithin(sql: Sql, reach: Reach): Fragment {
  return within(sql, reach, { owner: sql`c.owner`, metadata: sql`c.metadata` });
}

/** The same over `a`, an assistant; those that graphs have by themselves are nobody's and everybody's. */
export function assistantWithin(sql: Sql, reach: Reach): Fragment {
  return within(sql, reach, { owner: sql`coalesce(a.owner, ${typeof reach === "string" ? reach : reach.owner})`, metadata: sql`a.metadata` });
}
