import type { Sql } from "./sql.ts";

/** Keeps in a thread's row what its newest checkpoint says, unless the thread was touched since it was read. */
export async function keepValues(sql: Sql, input: { threadId: string; readAt: Date; valuesJson: string }): Promise<void> {
  await sql`
    update threads set "values" = ${input.valuesJson}::jsonb, values_at_head = false
    where thread_id = ${input.threadId} and values_at_head and date_trunc('milliseconds', updated_at) = ${input.readAt}`;
}
