import type { ApprovalRow } from "#db/queries/approval-row.ts";
import type { DryRun, DryRunItem, PolicyChoice, PolicyEffect } from "#ports/policies.ts";
import { extensionOf } from "../approval-view.ts";
import { evaluate } from "./evaluate.ts";
import { factsOf } from "./facts.ts";
import { isReadable } from "./rule-on.ts";

/** What rules would have done with questions of the past. Pure: nothing is decided. `items` holds at most `limit`. */
export function dryRun(
  policies: readonly PolicyChoice[],
  rows: readonly ApprovalRow[],
  { since, limit, truncated }: { since: Date; limit: number; truncated: boolean },
): DryRun {
  const result: DryRun = {
    since: since.toISOString(),
    considered: rows.length,
    truncated,
    by_effect: { allow: 0, ask: 0, deny: 0 },
    by_rule: [],
    disagreements: 0,
    items: [],
  };
  const byRule = new Map<string, DryRun["by_rule"][number]>();
  for (const row of rows) {
    const ruling = evaluate(policies, factsOf(row));
    const effect = decides(row, ruling.effect) ? ruling.effect : "ask";
    const { id, name } = ruling.policy;
    result.by_effect[effect] += 1;
    const counted = byRule.get(`${id} ${effect}`) ?? { id, name, effect, questions: 0 };
    counted.questions += 1;
    byRule.set(`${id} ${effect}`, counted);
    const happened = row.decision?.type ?? row.state;
    if ((effect === "allow" && happened === "reject") || (effect === "deny" && (happened === "approve" || happened === "edit"))) result.disagreements += 1;
    if (effect !== "ask" && result.items.length < limit) result.items.push(itemOf(row, happened, { id, name, effect }));
  }
  result.by_rule = [...byRule.values()].toSorted((one, other) => other.questions - one.questions || (one.id < other.id ? -1 : 1));
  return result;
}

/** What is not ours is never decided by a rule, nor is what takes no such answer. */
function decides(row: ApprovalRow, effect: PolicyEffect): boolean {
  return effect !== "ask" && extensionOf(row.payload) !== null && isReadable(row, effect === "allow" ? "approve" : "reject");
}

function itemOf(row: ApprovalRow, happened: string, would: DryRunItem["would"]): DryRunItem {
  const { kind, action, target, risk } = row;
  return {
    approval_id: row.id,
    thread_id: row.thread_id,
    kind,
    action,
    target,
    risk,
    asked_at: row.created_at.toISOString(),
    happened,
    decided_by: row.decided_by,
    would,
  };
}
