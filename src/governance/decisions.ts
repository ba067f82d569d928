import type { Database } from "#db/client.ts";
import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { decidedApprovals } from "#db/queries/decided-approvals.ts";
import { listPolicies } from "#db/queries/list-policies.ts";
import { recordEvents } from "#db/queries/record-event.ts";
import type { DecisionsPort, RecordedDecision, WantedToolCall } from "#ports/decisions.ts";
import type { RunIdentity } from "#ports/run.ts";
import type { NewEvent } from "#protocol/events/events.ts";
import { targetOf } from "./approval-view.ts";
import { ruleOnCall } from "./policies/rule-on-call.ts";
import { policiesIn } from "./policies/stored-policies.ts";

/** The record of decisions and the rules, for one run (docs/decisions/0013). */
export function createDecisions({ database: { sql }, run }: { database: Database; run: RunIdentity }): DecisionsPort {
  const here = { threadId: run.threadId, agent: run.graphId };
  return {
    async find(kind, approvalIds) {
      const rows = await decidedApprovals(sql, { ...here, kind, ids: approvalIds });
      const row = rows.find((one) => one.branch === run.branch);
      return row === undefined ? null : recorded(row);
    },

    async all(kind) {
      return (await decidedApprovals(sql, { ...here, kind, ids: null })).flatMap((row) => recorded(row) ?? []);
    },

    async rulesOn(calls) {
      if (calls.length === 0) return [];
      const policies = policiesIn(await listPolicies(sql, { onlyEnabled: true }));
      return calls.map((call) => {
        const { effect, policy } = ruleOnCall(policies, factsOf(call), call.usual);
        return { effect, rule: policy?.name ?? null, ruleId: policy?.id ?? null };
      });
    },

    async tellRuled(ruled) {
      const events = ruled.flatMap(({ tool, callId, risk, usual, projectId, effect, rule, ruleId }): NewEvent[] => {
        // what is asked about has a row of its own, and what runs as usual is nobody's news
        if (rule === null || effect === "ask" || (effect === "allow" && usual === "allow")) return [];
        const data = { action: tool, call_id: callId, risk, effect, policy: rule, policy_id: ruleId ?? "" };
        return [{ type: "approval.ruled", owner: run.owner, thread_id: run.threadId, run_id: run.runId, project_id: projectId, data }];
      });
      await recordEvents(sql, events);
    },
  };

  function factsOf({ tool, args, risk, projectId }: WantedToolCall) {
    return { kind: "tool", action: tool, target: targetOf(args), args, risk, project: projectId, user: run.owner, agent: run.graphId } as const;
  }
}

function recorded(row: ApprovalRow): RecordedDecision | null {
  if (row.decision === null) return null;
  const { id, kind, action, branch, digest, args, evidence, decision } = row;
  return { approvalId: id, kind, action, branch, digest, args, evidence, decision, decidedBy: row.decided_by ?? "somebody", via: row.decided_via ?? "api" };
}
