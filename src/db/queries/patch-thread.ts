import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";
import type { ThreadTtl } from "#protocol/threads.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** Merges metadata into a thread's, and sets how long it may rest (`ttl` null: for ever). Null when it is out of reach. */
export async function patchThread(
  sql: Sql,
  input: { threadId: string; owner: Reach; metadata: Record<string, unknown>; ttl?: ThreadTtl | null },
): Promise<ThreadRow | null> {
  const { ttl } = input;
  const rows = await sql<ThreadRow[]>`
    with t as (
      update threads t set metadata = metadata || ${JSON.stringify(input.metadata)}::jsonb, updated_at = now()
        ${ttl === undefined ? sql`` : sql`, ttl_minutes = ${ttl?.minutes ?? null}, ttl_strategy = ${ttl?.strategy ?? null}`}
      where thread_id = ${input.threadId} and ${threadWithin(sql, input.owner)} returning *
    ) select ${threadColumns(sql)} from t`;
  return rows[0] ?? null;
}
