import type { Sql } from "./sql.ts";
import type { UserRow } from "./user-row.ts";

export function listUsers(sql: Sql): Promise<UserRow[]> {
  return sql<UserRow[]>`select identity, display_name, role, disabled_at, last_seen_at, created_at from users order by identity`;
}
