import type { ThreadStorage } from "#protocol/threads.ts";
import type { Sql } from "./sql.ts";

/** What a thread takes up, by kind of row: the rows as they are stored, compressed where PostgreSQL did so, without indexes. */
export async function threadStorage(sql: Sql, threadId: string): Promise<ThreadStorage> {
  const rows = await sql<{ kind: keyof ThreadStorage["by"]; rows: number; bytes: number }[]>`
    select 'checkpoints' as kind, count(*)::int as rows, coalesce(sum(pg_column_size(t.*)), 0)::float8 as bytes from checkpoints t where thread_id = ${threadId}::text
    union all select 'values', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from checkpoint_blobs t where thread_id = ${threadId}::text
    union all select 'writes', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from checkpoint_writes t where thread_id = ${threadId}::text
    union all select 'list_parts', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from checkpoint_parts t where thread_id = ${threadId}::text
    union all select 'thread', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from threads t where thread_id = ${threadId}::uuid
    union all select 'runs', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from runs t where thread_id = ${threadId}::uuid
    union all select 'approvals', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from approvals t where thread_id = ${threadId}::uuid
    union all select 'stream_events', count(*)::int, coalesce(sum(pg_column_size(t.*)), 0)::float8 from stream_events t
      where t.run_id in (select run_id from runs where thread_id = ${threadId}::uuid)`;
  // every kind is a row, also with nothing in it
  const by = Object.fromEntries(rows.map(({ kind, rows: count, bytes }) => [kind, { rows: count, bytes }])) as ThreadStorage["by"];
  return { thread_id: threadId, bytes: rows.reduce((total, row) => total + row.bytes, 0), by };
}
