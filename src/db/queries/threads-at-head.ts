import { matchingThreads, type ThreadFilter } from "./search-threads.ts";
import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** Threads that a filter may mean and whose values stand in no row: whether they match cannot be seen here. By id, from behind `after`. */
export async function findThreadsAtHead(sql: Sql, filter: ThreadFilter, page: { after: string | null; limit: number }): Promise<ThreadRow[]> {
  return sql<ThreadRow[]>`
    select ${threadColumns(sql)} from threads t where t.values_at_head and ${matchingThreads(sql, { ...filter, values: undefined })}
      ${page.after === null ? sql`` : sql`and t.thread_id > ${page.after}`}
    order by t.thread_id limit ${page.limit}`;
}
