import { findApprovals } from "#db/queries/find-approvals.ts";
import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { AppError } from "#errors";
import { approvalOf } from "#governance/approval-view.ts";
import { planDecision } from "#governance/approvals.ts";
import type { ApprovalsService, Caller } from "#ports/services.ts";
import { isUuid, newId } from "./ids.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { resumeWith } from "./teams.ts";
import type { Worker } from "./worker.ts";

/** The inbox: every question of an owner, on whatever thread it waits, answered by its id. */
export function makeApprovalsService(context: RuntimeContext, worker: Worker | null): ApprovalsService {
  const { sql } = context.database;

  async function mustFind(caller: Caller, approvalId: string): Promise<ApprovalRow> {
    const found = isUuid(approvalId) ? await findApprovals(sql, { owner: caller.owner, id: approvalId, limit: 1, offset: 0, newestFirst: true }) : null;
    const row = found?.rows[0];
    if (row === undefined) throw new AppError("not_found", `Approval ${approvalId} not found`);
    return row;
  }

  return {
    async list(caller, input) {
      const { rows, total } = await findApprovals(sql, {
        owner: caller.owner,
        limit: input.limit,
        offset: input.offset,
        newestFirst: true,
        ...(input.state === undefined ? {} : { state: input.state }),
        ...(input.kind === undefined ? {} : { kind: input.kind }),
        ...(input.thread_id === undefined ? {} : { threadId: input.thread_id }),
      });
      return { items: rows.map(approvalOf), total };
    },

    async get(caller, approvalId) {
      return approvalOf(await mustFind(caller, approvalId));
    },

    async decide(caller, approvalId, decision) {
      const row = await mustFind(caller, approvalId);
      const plan = await planDecision({ row, raw: decision, decidedBy: caller.owner, sealSecretAnswer: context.sealSecretAnswer });
      await resumeWith(context, worker, { threadId: row.thread_id, owner: caller.owner, runId: newId(), plan, decidedBy: caller.owner });
      return approvalOf(await mustFind(caller, approvalId));
    },
  };
}
