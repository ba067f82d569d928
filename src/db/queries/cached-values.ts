import type { Sql } from "./sql.ts";

/** Longer states are not copied into the thread's row: a long conversation would be written whole at every turn. Characters of JSON. */
const MOST_CACHED = 8 * 1_024;

/** The two columns that say what a thread holds, as assignments. */
export function cachedValues(sql: Sql, valuesJson: string | null) {
  if (valuesJson === null) return sql`"values" = null, values_at_head = false`;
  if (valuesJson.length > MOST_CACHED) return sql`"values" = null, values_at_head = true`;
  return sql`"values" = ${valuesJson}::jsonb, values_at_head = false`;
}
