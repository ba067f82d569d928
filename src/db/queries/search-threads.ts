import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

export interface ThreadFilter {
  owner: Reach;
  metadata?: Record<string, unknown> | undefined;
  values?: Record<string, unknown> | undefined;
  status?: string | undefined;
  ids?: string[] | undefined;
}

const SORTABLE = new Set(["thread_id", "status", "created_at", "updated_at"]);

export const matchingThreads = (sql: Sql, filter: ThreadFilter) => sql`
  ${threadWithin(sql, filter.owner)} and not t.temporary
  ${filter.metadata === undefined ? sql`` : sql`and t.metadata @> ${JSON.stringify(filter.metadata)}::jsonb`}
  ${filter.values === undefined ? sql`` : sql`and t."values" @> ${JSON.stringify(filter.values)}::jsonb`}
  ${filter.status === undefined ? sql`` : sql`and t.status = ${filter.status}`}
  ${filter.ids === undefined ? sql`` : sql`and t.thread_id = any(${filter.ids}::uuid[])`}`;

export async function searchThreads(
  sql: Sql,
  search: ThreadFilter & {
    sort_by?: string | undefined;
    sort_order?: "asc" | "desc" | undefined;
    limit: number;
    offset: number;
    /** False: rows come without their values, which may be large. */
    withValues?: boolean;
  },
): Promise<{ rows: ThreadRow[]; total: number }> {
  const by = search.sort_by !== undefined && SORTABLE.has(search.sort_by) ? search.sort_by : "created_at";
  const rows = await sql<(ThreadRow & { total: number })[]>`
    select ${threadColumns(sql, { values: search.withValues ?? true })}, count(*) over ()::int as total from threads t where ${matchingThreads(sql, search)}
    order by ${sql(`t.${by}`)} ${search.sort_order === "asc" ? sql`asc` : sql`desc`}, t.thread_id limit ${search.limit} offset ${search.offset}`;
  // behind the last page there is no row to tell it
  if (rows.length === 0 && search.offset > 0) return { rows, total: (await searchThreads(sql, { ...search, limit: 1, offset: 0 })).total };
  return { rows, total: rows[0]?.total ?? 0 };
}

export async function countThreads(sql: Sql, filter: ThreadFilter): Promise<number> {
  const [row] = await sql<{ total: number }[]>`select count(*)::int as total from threads t where ${matchingThreads(sql, filter)}`;
  return row?.total ?? 0;
}
