import type { KeyLimits } from "#ports/identity.ts";
import { type ApiKeyRow, apiKeyColumns } from "./api-key-row.ts";
import type { Sql } from "./sql.ts";

export interface NewApiKey {
  id: string;
  owner: string;
  name: string;
  digest: Uint8Array;
  hint: string;
  scopes: readonly string[];
  limits: KeyLimits;
  createdBy: string;
  /** Days from now, by the database's clock; null: for ever. */
  expiresInDays: number | null;
  /** Whatever the days say, not after this. */
  notAfter: Date | null;
}

/** Of the key itself only the digest and a hint are kept. */
export async function insertApiKey(sql: Sql, key: NewApiKey): Promise<ApiKeyRow> {
  const rows = await sql<ApiKeyRow[]>`
    insert into api_keys as k (id, owner, name, digest, hint, scopes, limits, created_by, expires_at)
    values (${key.id}, ${key.owner}, ${key.name}, ${key.digest}, ${key.hint},
      array(select jsonb_array_elements_text(${JSON.stringify(key.scopes)}::jsonb)), ${JSON.stringify(key.limits)}::jsonb, ${key.createdBy},
      least(now() + ${key.expiresInDays}::float8 * interval '1 day', ${key.notAfter}::timestamptz))
    returning ${apiKeyColumns(sql)}`;
  const [row] = rows;
  if (row === undefined) throw new Error("an insert answered nothing");
  return row;
}
