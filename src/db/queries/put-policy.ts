import { policyColumns, type PolicyRow } from "./policy-row.ts";
import type { Sql } from "./sql.ts";

/** More would make every question slow. */
export const MOST_POLICIES = 1_000;

export interface PutPolicy {
  id: string;
  name: string;
  enabled: boolean;
  /** Null: behind all others, or where it was. */
  position: number | null;
  rule: unknown;
  by: string;
}

/** A new rule. Null when there are too many already. */
export async function insertPolicy(sql: Sql, policy: PutPolicy): Promise<PolicyRow | null> {
  const rows = await sql<PolicyRow[]>`
    insert into policies as p (id, name, enabled, position, rule, created_by, updated_by)
    select ${policy.id}::uuid, ${policy.name}, ${policy.enabled}::boolean, coalesce(${policy.position}::int, (select max(position) + 1 from policies), 0), ${JSON.stringify(policy.rule)}::jsonb,
      ${policy.by}, ${policy.by}
    where (select count(*) from policies) < ${MOST_POLICIES}
    returning ${policyColumns(sql)}`;
  return rows[0] ?? null;
}

/** Replaces a rule. Null when there is none. */
export async function replacePolicy(sql: Sql, policy: PutPolicy): Promise<PolicyRow | null> {
  const rows = await sql<PolicyRow[]>`
    update policies p set name = ${policy.name}, enabled = ${policy.enabled}, position = coalesce(${policy.position}::int, p.position), rule = ${JSON.stringify(policy.rule)},
      updated_by = ${policy.by}, updated_at = now()
    where id = ${policy.id} returning ${policyColumns(sql)}`;
  return rows[0] ?? null;
}
