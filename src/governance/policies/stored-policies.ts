import type { PolicyRow } from "#db/queries/policy-row.ts";
import type { Policy } from "#ports/policies.ts";
import { StoredRule } from "#protocol/policies.ts";
import { BUILTIN_POLICIES } from "./default-policy.ts";

/** Rules as they are stored. One that this version cannot read holds for nothing: guessing could allow what it denies. */
export function policiesIn(rows: readonly PolicyRow[]): Policy[] {
  return rows.flatMap((row) => {
    const policy = policyOf(row);
    return policy === null ? [] : [policy];
  });
}

/** Null for a row that holds no rule any more. */
export function policyOf(row: PolicyRow): Policy | null {
  const rule = StoredRule.safeParse(row.rule);
  if (!rule.success) return null;
  const { id, name, enabled, position, created_by, updated_by } = row;
  return {
    id,
    name,
    enabled,
    position,
    rule: rule.data,
    builtin: false,
    created_by,
    updated_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

/** What Slipway brings, as it is listed. */
export function builtinPolicies(): Policy[] {
  return BUILTIN_POLICIES.map((policy) => ({ ...policy, enabled: true, created_by: null, updated_by: null, created_at: null, updated_at: null }));
}
