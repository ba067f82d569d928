import type { StoredRuling, Verdict } from "#db/queries/approval-row.ts";
import { listPolicies } from "#db/queries/list-policies.ts";
import { pastDecisions } from "#db/queries/past-decisions.ts";
import { ruleApproval } from "#db/queries/rule-approval.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { NewApproval } from "#db/queries/upsert-approval.ts";
import type { PolicyEffect } from "#ports/policies.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { extensionOf } from "../approval-view.ts";
import { evaluate, type Ruling } from "./evaluate.ts";
import { factsOf } from "./facts.ts";
import { policiesIn } from "./stored-policies.ts";

/** A graph that asks anew whatever is rejected would go round for ever: then a person is asked. */
const AUTOMATIC_AN_HOUR = 50;

/**
 * Asks the rules about questions that were just asked, in the same transaction, and writes down what they say. Who shows somebody else's
 * question (a mirror) is not asked about: its original is. `decides`: false for what a run did not ask, such as the copy of a thread, which
 * must not go on by itself. Answers how many were decided; carrying that out is `runtime/approval-chores.ts`.
 */
export async function ruleOn(sql: Sql, asked: readonly NewApproval[], { clock, decides }: { clock: Date | null; decides: boolean }): Promise<number> {
  const originals = asked.filter((row) => row.mirror_of === null);
  if (originals.length === 0) return 0;
  const policies = policiesIn(await listPolicies(sql, { onlyEnabled: true }));
  let verdicts = 0;
  for (const row of originals) {
    const ruling = evaluate(policies, factsOf(row));
    const extension = extensionOf(row.payload);
    const verdict = extension === null || !decides ? null : await verdictOn(sql, row, ruling);
    if (verdict !== null) verdicts += 1;
    const note: StoredRuling = {
      id: ruling.policy.id,
      name: ruling.policy.name,
      effect: ruling.effect,
      timeout_seconds: ruling.timeoutSeconds,
      warn_seconds: ruling.warnSeconds,
      escalate_to: ruling.escalateTo,
      reminders: 0,
    };
    // what a foreign graph takes for a refusal is not known
    const mayReject = extension !== null && isReadable(row, "reject");
    const onExpire = ruling.onExpire === "reject" && !mayReject ? "park" : ruling.onExpire;
    const named = extension?.expires_at ? new Date(extension.expires_at) : null;
    const expiresAt = named === null || Number.isNaN(named.getTime()) ? null : named;
    await ruleApproval(sql, { id: row.id, policy: note, verdict, assignee: ruling.assignee, onExpire, expiresAt }, clock);
  }
  return verdicts;
}

/** What is decided without a person; null: a person is asked. */
async function verdictOn(sql: Sql, row: NewApproval, ruling: Ruling): Promise<Verdict | null> {
  if (ruling.effect === "ask" && ruling.maxRejections === null) return null;
  const { rejections, automatic } = await pastDecisions(sql, row);
  const isTiresome = ruling.maxRejections !== null && rejections >= ruling.maxRejections;
  const effect: PolicyEffect = isTiresome ? "deny" : ruling.effect;
  if (effect === "ask" || automatic >= AUTOMATIC_AN_HOUR) return null;
  const type = effect === "allow" ? "approve" : "reject";
  if (!isReadable(row, type)) return null;
  const why = isTiresome ? `This was rejected ${rejections} times; it is not asked again.` : `Rejected by the policy "${ruling.policy.name}".`;
  // a plan that is rejected with words is made anew, and would be rejected again
  const message = type === "reject" && row.kind !== "plan" ? why : null;
  return { via: "policy", decision: { type, message, args: null } };
}

/** Whether this question takes such an answer at all: values of secrets cannot be approved. */
export function isReadable(row: Pick<NewApproval, "payload">, type: "approve" | "reject"): boolean {
  const reply = readReply(row.payload, { type });
  return reply.ok && reply.decision.type === type;
}
