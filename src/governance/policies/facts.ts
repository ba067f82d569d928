import type { AskedApproval } from "#db/queries/approval-row.ts";
import type { PolicyFacts } from "#ports/policies.ts";

/** What rules see of a question. */
export function factsOf(row: AskedApproval): PolicyFacts {
  const { kind, action, target, args, risk } = row;
  return { kind, action, target, args, risk, project: row.project_id, user: row.owner, agent: row.agent };
}
