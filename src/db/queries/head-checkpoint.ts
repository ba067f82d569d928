import type { Sql } from "./sql.ts";

/** Id of a thread's newest root checkpoint; null when it has none. */
export async function headCheckpoint(sql: Sql, threadId: string): Promise<string | null> {
  const [row] = await sql<{ head: string | null }[]>`select max(checkpoint_id) as head from checkpoints where thread_id = ${threadId} and checkpoint_ns = ''`;
  return row?.head ?? null;
}
