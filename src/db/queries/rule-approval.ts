import type { OnExpire } from "#ports/policies.ts";
import type { StoredRuling, Verdict } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

export interface RuledApproval {
  id: string;
  policy: StoredRuling;
  verdict: Verdict | null;
  assignee: string | null;
  onExpire: OnExpire | null;
  /** A time that the question itself names; else the rule's seconds count from `clock`. */
  expiresAt: Date | null;
}

/** Writes to a question that was just asked what the rules say about it. `clock` null: the database's. */
export async function ruleApproval(sql: Sql, ruled: RuledApproval, clock: Date | null): Promise<void> {
  const seconds = ruled.policy.timeout_seconds;
  const expires = sql`coalesce(${ruled.expiresAt}::timestamptz, coalesce(${clock}::timestamptz, now()) + ${seconds}::float8 * interval '1 second')`;
  await sql`
    update approvals set policy = ${JSON.stringify(ruled.policy)}, verdict = ${ruled.verdict === null ? null : JSON.stringify(ruled.verdict)}, retry_at = null,
      assignee = coalesce(${ruled.assignee}, assignee), parked_at = null,
      expires_at = ${expires}, warn_at = ${expires} - ${ruled.policy.warn_seconds}::float8 * interval '1 second', on_expire = ${ruled.onExpire}
    where id = ${ruled.id}`;
}
