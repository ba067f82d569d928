import { findApprovals } from "#db/queries/find-approvals.ts";
import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { AppError } from "#errors";
import { approvalOf } from "#governance/approval-view.ts";
import { planDecision } from "#governance/approvals.ts";
import { decidesForAll } from "#governance/identity/rights.ts";
import { JUDGED, permit } from "#governance/permit.ts";
import type { Reach } from "#ports/access.ts";
import type { ApprovalsService, Caller } from "#ports/services.ts";
import { isUuid, newId } from "./ids.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { resumeWith } from "./teams.ts";
import type { Worker } from "./worker.ts";

/** The inbox: every question on whatever thread the caller may read, answered by its id by who may run that thread. */
export function makeApprovalsService(context: RuntimeContext, worker: Worker | null): ApprovalsService {
  const { sql } = context.database;

  async function mustFind(reach: Reach, approvalId: string): Promise<ApprovalRow> {
    const found = isUuid(approvalId) ? await findApprovals(sql, { reach, id: approvalId, limit: 1, offset: 0, newestFirst: true }) : null;
    const row = found?.rows[0];
    if (row === undefined) throw new AppError("not_found", `Approval ${approvalId} not found`);
    return row;
  }

  /** The thread that asks, for rules to judge by; undefined when nothing asks under that id. */
  async function threadOf(approvalId: string): Promise<string | undefined> {
    const found = isUuid(approvalId) ? await findApprovals(sql, { reach: JUDGED, id: approvalId, limit: 1, offset: 0, newestFirst: true }) : null;
    return found?.rows[0]?.thread_id;
  }

  async function mayRead(caller: Caller, threadId: string | undefined): Promise<Reach> {
    const { access } = await permit(caller, "threads:read", { thread_id: threadId });
    return decidesForAll(caller) ? JUDGED : access;
  }

  return {
    async list(caller, input) {
      const { access } = await permit(caller, "threads:search", { limit: input.limit, offset: input.offset });
      const { rows, total } = await findApprovals(sql, {
        reach: decidesForAll(caller) ? JUDGED : access,
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
      return approvalOf(await mustFind(await mayRead(caller, await threadOf(approvalId)), approvalId));
    },

    async decide(caller, approvalId, decision) {
      const threadId = await threadOf(approvalId);
      const row = await mustFind(await mayRead(caller, threadId), approvalId);
      const runId = newId();
      const { access } = await permit(caller, "threads:create_run", {
        thread_id: threadId,
        run_id: runId,
        status: "pending",
        metadata: {},
        multitask_strategy: "enqueue",
        if_not_exists: "reject",
        after_seconds: 0,
        kwargs: { command: { resume: decision }, config: { configurable: {} } },
      });
      const plan = await planDecision({ row, raw: decision, decidedBy: caller.owner, sealSecretAnswer: context.sealSecretAnswer });
      // an approver lets somebody else's work go on, which stays theirs
      const isApprover = decidesForAll(caller) && row.owner !== caller.owner;
      await resumeWith(context, worker, {
        threadId: row.thread_id,
        owner: isApprover ? row.owner : caller.owner,
        reach: isApprover ? JUDGED : access,
        user: isApprover ? null : (caller.user ?? null),
        runId,
        plan,
        decidedBy: caller.owner,
      });
      return approvalOf(await mustFind(JUDGED, approvalId));
    },
  };
}
