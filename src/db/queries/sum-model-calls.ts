import type { Database } from "../client.ts";
import type { ModelUsage } from "#ports/services/projects.ts";

/** What the model calls of a project's teams, and of the conversations that started them, used together. */
export async function sumModelCalls({ sql }: Database, projectId: string): Promise<ModelUsage> {
  const [row] = await sql<[ModelUsage]>`
    with work as (select thread_id, parent_thread_id from threads where project_id = ${projectId})
    select count(*)::int as calls, coalesce(sum(input_tokens), 0)::int as input_tokens, coalesce(sum(output_tokens), 0)::int as output_tokens,
           coalesce(sum(replayed), 0)::int as replayed
    from model_calls where thread_id in (select thread_id from work union select parent_thread_id from work)`;
  return row;
}
