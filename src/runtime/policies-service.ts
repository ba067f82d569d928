import { approvalsSince } from "#db/queries/approvals-since.ts";
import { deletePolicy } from "#db/queries/delete-policy.ts";
import { listPolicies } from "#db/queries/list-policies.ts";
import type { PolicyRow } from "#db/queries/policy-row.ts";
import { insertPolicy, MOST_POLICIES, replacePolicy } from "#db/queries/put-policy.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import type { Sql } from "#db/queries/sql.ts";
import { AppError } from "#errors";
import { mustAdminister } from "#governance/must-administer.ts";
import { JUDGED } from "#governance/permit.ts";
import { dryRun } from "#governance/policies/dry-run.ts";
import { builtinPolicies, policiesIn, policyOf } from "#governance/policies/stored-policies.ts";
import type { Policy } from "#ports/policies.ts";
import type { Caller } from "#ports/caller.ts";
import type { PoliciesService } from "#ports/services/policies.ts";
import { newId } from "./ids.ts";
import type { RuntimeContext } from "./runtime-context.ts";

const DAY_MS = 86_400_000;
/** A dry run reads every question of its time at once. */
const MOST_QUESTIONS = 5_000;

/** Writes down that a rule changed, in the transaction that changed it. */
async function told(sql: Sql, change: "created" | "updated" | "deleted", row: PolicyRow | null, caller: Caller): Promise<PolicyRow | null> {
  if (row === null) return null;
  const rule = policyOf(row)?.rule;
  const said = rule === undefined ? {} : { effect: rule.effect, pattern: rule.pattern };
  const data = { policy_id: row.id, name: row.name, change, enabled: row.enabled, ...said };
  await recordEvent(sql, { type: "policy.changed", owner: null, actor: caller.owner, data });
  return row;
}

/** The rules of the installation: kept by its administrators, seen by nobody else. */
export function makePoliciesService(context: RuntimeContext): PoliciesService {
  const { sql } = context.database;

  const missing = (id: string) => new AppError("not_found", `Policy ${id} not found`);

  function mustRead(row: PolicyRow): Policy {
    const policy = policyOf(row);
    if (policy === null) throw new AppError("conflict", `Policy ${row.id} was written by another version and cannot be read; replace or delete it.`);
    return policy;
  }

  return {
    async list(caller, page) {
      mustAdminister(caller);
      const all = [...policiesIn(await listPolicies(sql)), ...builtinPolicies()];
      return { items: all.slice(page.offset, page.offset + page.limit), total: all.length };
    },

    async get(caller, policyId) {
      mustAdminister(caller);
      const row = (await listPolicies(sql)).find((one) => one.id === policyId);
      if (row === undefined) throw missing(policyId);
      return mustRead(row);
    },

    async create(caller, input) {
      mustAdminister(caller);
      const put = { ...input, position: input.position ?? null, id: newId(), by: caller.owner };
      const row = await sql.begin(async (transaction) => told(transaction, "created", await insertPolicy(transaction, put), caller));
      if (row === null) throw new AppError("conflict", `There are ${MOST_POLICIES} policies already; every question is held against all of them.`);
      return mustRead(row);
    },

    async replace(caller, policyId, input) {
      mustAdminister(caller);
      const put = { ...input, position: input.position ?? null, id: policyId, by: caller.owner };
      const row = await sql.begin(async (transaction) => told(transaction, "updated", await replacePolicy(transaction, put), caller));
      if (row === null) throw missing(policyId);
      return mustRead(row);
    },

    async delete(caller, policyId) {
      mustAdminister(caller);
      const row = await sql.begin(async (transaction) => told(transaction, "deleted", await deletePolicy(transaction, policyId), caller));
      if (row === null) throw missing(policyId);
    },

    async dryRun(caller, { policies, days, limit }) {
      mustAdminister(caller);
      const since = new Date((context.clock?.() ?? new Date()).getTime() - days * DAY_MS);
      const stored = policies === undefined ? policiesIn(await listPolicies(sql, { onlyEnabled: true })) : null;
      const drafts = (policies ?? [])
        .filter((one) => one.enabled)
        .map(({ name, rule, position }, index) => ({ id: `draft:${index}`, name, rule, position: position ?? index, builtin: false }));
      const rows = await approvalsSince(sql, { reach: JUDGED, since, limit: MOST_QUESTIONS + 1 });
      const truncated = rows.length > MOST_QUESTIONS;
      return dryRun(stored ?? drafts, rows.slice(0, MOST_QUESTIONS), { since, limit, truncated });
    },
  };
}
