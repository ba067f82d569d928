import { type ApiKeyRow, apiKeyColumns } from "./api-key-row.ts";
import type { Sql } from "./sql.ts";

/** Newest first; `owner` null: everybody's. */
export function listApiKeys(sql: Sql, owner: string | null): Promise<ApiKeyRow[]> {
  return sql<ApiKeyRow[]>`
    select ${apiKeyColumns(sql)} from api_keys k where ${owner}::text is null or k.owner = ${owner} order by k.created_at desc, k.id desc`;
}
