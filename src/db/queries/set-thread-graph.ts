import type { Sql } from "./sql.ts";

/** Names the graph of a thread that was made for one. */
export async function setThreadGraph(sql: Sql, input: { threadId: string; graphId: string; assistantId: string }): Promise<void> {
  await sql`update threads set graph_id = ${input.graphId}, assistant_id = ${input.assistantId} where thread_id = ${input.threadId} and graph_id is null`;
}
