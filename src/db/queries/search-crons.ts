import type { Reach } from "#ports/access.ts";
import { type CronRow, cronColumns } from "./cron-row.ts";
import { cronWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export interface CronFilter {
  reach: Reach;
  assistant_id?: string | undefined;
  thread_id?: string | undefined;
  enabled?: boolean | undefined;
  metadata?: Record<string, unknown> | undefined;
}

const SORTABLE = new Set(["cron_id", "assistant_id", "thread_id", "created_at", "updated_at", "next_run_date"]);

const matching = (sql: Sql, filter: CronFilter) => sql`
  ${cronWithin(sql, filter.reach)}
  ${filter.assistant_id === undefined ? sql`` : sql`and c.assistant_id = ${filter.assistant_id}`}
  ${filter.thread_id === undefined ? sql`` : sql`and c.thread_id = ${filter.thread_id}`}
  ${filter.enabled === undefined ? sql`` : sql`and c.enabled = ${filter.enabled}`}
  ${filter.metadata === undefined ? sql`` : sql`and c.metadata @> ${JSON.stringify(filter.metadata)}::jsonb`}`;

/** Crons without the value that is sorted by come last, either way round. */
export async function searchCrons(
  sql: Sql,
  search: CronFilter & { sort_by?: string | undefined; sort_order?: "asc" | "desc" | undefined; limit: number; offset: number },
): Promise<{ rows: CronRow[]; total: number }> {
  const by = search.sort_by !== undefined && SORTABLE.has(search.sort_by) ? search.sort_by : "created_at";
  const [rows, total] = await Promise.all([
    sql<CronRow[]>`
      select ${cronColumns(sql)} from crons c where ${matching(sql, search)}
      order by ${sql(`c.${by}`)} ${search.sort_order === "asc" ? sql`asc` : sql`desc`} nulls last, c.cron_id limit ${search.limit} offset ${search.offset}`,
    countCrons(sql, search),
  ]);
  return { rows, total };
}

export async function countCrons(sql: Sql, filter: CronFilter): Promise<number> {
  const [row] = await sql<{ total: number }[]>`select count(*)::int as total from crons c where ${matching(sql, filter)}`;
  return row?.total ?? 0;
}
