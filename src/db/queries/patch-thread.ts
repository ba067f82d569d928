import type { Sql } from "./sql.ts";
import { type ThreadRow, threadColumns } from "./thread-row.ts";

/** Merges metadata into a thread's. Null when it is not this owner's. */
export async function patchThread(sql: Sql, input: { threadId: string; owner: string; metadata: Record<string, unknown> }): Promise<ThreadRow | null> {
  const rows = await sql<ThreadRow[]>`
    with t as (
      update threads set metadata = metadata || ${JSON.stringify(input.metadata)}::jsonb, updated_at = now()
      where thread_id = ${input.threadId} and owner = ${input.owner} returning *
    ) select ${threadColumns(sql)} from t`;
  return rows[0] ?? null;
}
