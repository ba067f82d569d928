import { policyColumns, type PolicyRow } from "./policy-row.ts";
import type { Sql } from "./sql.ts";

/** Answers what it was; null when there is none. */
export async function deletePolicy(sql: Sql, id: string): Promise<PolicyRow | null> {
  const rows = await sql<PolicyRow[]>`delete from policies p where p.id = ${id} returning ${policyColumns(sql)}`;
  return rows[0] ?? null;
}
