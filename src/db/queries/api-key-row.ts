import type { KeyLimits } from "#ports/identity.ts";
import type { Sql } from "./sql.ts";

export interface ApiKeyRow {
  id: string;
  owner: string;
  name: string;
  hint: string;
  scopes: string[];
  limits: KeyLimits | null;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

/** The columns of `k`, a key, but for its digest, which nobody needs to see. */
export function apiKeyColumns(sql: Sql) {
  return sql`k.id, k.owner, k.name, k.hint, k.scopes, k.limits, k.created_at, k.expires_at, k.revoked_at, k.last_used_at`;
}
