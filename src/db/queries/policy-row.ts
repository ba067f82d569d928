import type { Sql } from "./sql.ts";

export interface PolicyRow {
  id: string;
  name: string;
  enabled: boolean;
  position: number;
  /** As it was written; read it with `StoredRule`. */
  rule: unknown;
  created_by: string;
  updated_by: string;
  created_at: Date;
  updated_at: Date;
}

export const policyColumns = (sql: Sql) => sql`p.id, p.name, p.enabled, p.position, p.rule, p.created_by, p.updated_by, p.created_at, p.updated_at`;
