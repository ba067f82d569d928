import { policyColumns, type PolicyRow } from "./policy-row.ts";
import type { Sql } from "./sql.ts";

/** Every rule of the installation, in order. */
export function listPolicies(sql: Sql, filter: { onlyEnabled: boolean } = { onlyEnabled: false }): Promise<PolicyRow[]> {
  return sql<PolicyRow[]>`select ${policyColumns(sql)} from policies p where p.enabled or ${!filter.onlyEnabled} order by p.position, p.id`;
}
