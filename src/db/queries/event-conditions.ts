import type postgres from "postgres";
import type { Access } from "#ports/access.ts";
import type { EventFilter } from "#ports/events.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** Whose events: one's own, those of threads within reach, or everybody's. */
export interface EventScope {
  owner: string;
  /** Where one person is everybody, what is nobody's is theirs to see: changes of rules, keys of secrets. */
  nobodys?: boolean;
  access: Access;
  /** Everything, also what is nobody's. */
  all: boolean;
}

/** The condition that keeps a statement over `e` to the events within reach. A thread that is gone is judged by whose it was. */
export function eventsWithin(sql: Sql, { owner, nobodys, access, all }: EventScope): Fragment {
  if (all) return sql`true`;
  const plain = access.owner !== null && Object.keys(access.contains).length === 0;
  const projects = access.projects ?? [];
  if (plain && projects.length === 0) return nobodys === true ? sql`(e.owner = ${owner} or e.owner is null)` : sql`e.owner = ${owner}`;
  // a conversation in which a project is spoken of is no work on it
  if (plain)
    return sql`(e.owner = ${owner} or (e.project_id = any(${[...projects]}::uuid[])
      and (e.thread_id is null or exists (select 1 from threads t where t.thread_id = e.thread_id and t.project_id = e.project_id))))`;
  return sql`(exists (select 1 from threads t where t.thread_id = e.thread_id and ${threadWithin(sql, access)})
    or (e.owner = ${owner} and not exists (select 1 from threads t where t.thread_id = e.thread_id)))`;
}

/** The condition of a filter over `e`. */
export function eventsLike(sql: Sql, filter: EventFilter): Fragment {
  const types = filter.types?.map((type) => type.replaceAll(/[\\%_]/g, "\\$&").replaceAll("*", "%"));
  return sql`true
    ${filter.categories === undefined ? sql`` : sql`and e.category = any(${[...filter.categories]}::text[])`}
    ${types === undefined ? sql`` : sql`and e.type like any(${types}::text[])`}
    ${filter.thread_id === undefined ? sql`` : sql`and e.thread_id = ${filter.thread_id}`}
    ${filter.run_id === undefined ? sql`` : sql`and e.run_id = ${filter.run_id}`}
    ${filter.project_id === undefined ? sql`` : sql`and e.project_id = ${filter.project_id}`}
    ${filter.correlation_id === undefined ? sql`` : sql`and e.correlation_id = ${filter.correlation_id}`}
    ${filter.since === undefined ? sql`` : sql`and e.at >= ${filter.since}`}
    ${filter.until === undefined ? sql`` : sql`and e.at < ${filter.until}`}`;
}

/** One page by number; the caller cuts what is over the limit. */
export function pageOfEvents(sql: Sql, page: { limit: number; order: "asc" | "desc"; cursor?: number }): Fragment {
  const after = page.cursor === undefined ? sql`` : page.order === "asc" ? sql`and e.seq > ${page.cursor}` : sql`and e.seq < ${page.cursor}`;
  return sql`${after} order by e.seq ${page.order === "asc" ? sql`asc` : sql`desc`} limit ${page.limit}`;
}
