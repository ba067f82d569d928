import type { Reach } from "#ports/access.ts";
import { assistantWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export type AssistantVersionRow = Record<string, unknown> & { created_at: Date };

/** Versions of an assistant this owner may see, the newest first. */
export function assistantVersions(
  sql: Sql,
  input: { assistantId: string; owner: Reach; metadata?: Record<string, unknown> | undefined; limit: number; offset: number },
): Promise<AssistantVersionRow[]> {
  return sql<AssistantVersionRow[]>`
    select v.assistant_id, v.version, v.graph_id, v.name, v.description, v.config, v.context, v.metadata, v.created_at
    from assistant_versions v join assistants a on a.assistant_id = v.assistant_id
    where v.assistant_id = ${input.assistantId} and ${assistantWithin(sql, input.owner)}
      ${input.metadata === undefined ? sql`` : sql`and v.metadata @> ${JSON.stringify(input.metadata)}::jsonb`}
    order by v.version desc limit ${input.limit} offset ${input.offset}`;
}
