import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { approvalChanges } from "#db/queries/approval-changes.ts";
import { approvalFigures } from "#db/queries/approval-figures.ts";
import { assignApproval } from "#db/queries/assign-approval.ts";
import { findApprovals } from "#db/queries/find-approvals.ts";
import { AppError, toAppError } from "#errors";
import { changeOf, metricsOf } from "#governance/approval-report.ts";
import { approvalOf } from "#governance/approval-view.ts";
import { planDecision } from "#governance/approvals.ts";
import { decidesForAll, projectsOf } from "#governance/identity/rights.ts";
import { JUDGED, permit, withProjects } from "#governance/permit.ts";
import type { AuthEvent, Reach } from "#ports/access.ts";
import type { BatchResult, InboxApproval } from "#ports/approvals.ts";
import type { Caller } from "#ports/caller.ts";
import type { ApprovalsService } from "#ports/services/approvals.ts";
import { isUuid, newId } from "./ids.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { resumeWith } from "./resume-with.ts";
import { userWhoAsked } from "./user-who-asked.ts";
import type { Worker } from "./worker.ts";

const DAY_MS = 86_400_000;
const CHANGING = new Set<AuthEvent>(["threads:create_run", "threads:update"]);

/** The inbox: every question on whatever thread the caller may read, answered by its id by who may run that thread. */
export function makeApprovalsService(context: RuntimeContext, worker: Worker | null): ApprovalsService {
  const { sql } = context.database;

  async function find(reach: Reach, approvalId: string): Promise<ApprovalRow | null> {
    const found = isUuid(approvalId) ? await findApprovals(sql, { reach, id: approvalId, limit: 1, offset: 0, newestFirst: true }) : null;
    return found?.rows[0] ?? null;
  }

  async function mustFind(reach: Reach, approvalId: string): Promise<ApprovalRow> {
    const row = await find(reach, approvalId);
    if (row === null) throw new AppError("not_found", `Approval ${approvalId} not found`);
    return row;
  }

  /** The thread that asks, for rules to judge by; undefined when nothing asks under that id. */
  async function threadOf(approvalId: string): Promise<string | undefined> {
    return (await find(JUDGED, approvalId))?.thread_id;
  }

  /** An approver's questions are everybody's, and so are those of a project that is shared; else they are within reach as their threads are. */
  async function reachOf(caller: Caller, event: AuthEvent, value: Record<string, unknown>): Promise<Reach> {
    const { access } = await permit(caller, event, value);
    if (decidesForAll(caller)) return JUDGED;
    return CHANGING.has(event) ? withProjects(access, projectsOf(caller, "approver")) : access;
  }

  async function mustRead(caller: Caller, approvalId: string): Promise<ApprovalRow> {
    return mustFind(await reachOf(caller, "threads:read", { thread_id: await threadOf(approvalId) }), approvalId);
  }

  /** As whom the graph goes on: who decides about somebody's work does not do it. Where the project's own rules let somebody in, they do. */
  async function actorOf(caller: Caller, row: ApprovalRow): Promise<{ owner: string; user: RunKwargs["user"] }> {
    if (caller.rights === undefined || row.owner === caller.owner) return { owner: caller.owner, user: caller.user ?? null };
    return { owner: row.owner, user: await userWhoAsked(sql, row) };
  }

  async function decide(caller: Caller, approvalId: string, decision: unknown): Promise<InboxApproval> {
    const row = await mustRead(caller, approvalId);
    const runId = newId();
    const reach = await reachOf(caller, "threads:create_run", {
      thread_id: row.thread_id,
      run_id: runId,
      status: "pending",
      metadata: {},
      multitask_strategy: "enqueue",
      if_not_exists: "reject",
      after_seconds: 0,
      kwargs: { command: { resume: decision }, config: { configurable: {} } },
    });
    if (caller.rights !== undefined) await mustBeAllowed(caller, row, reach);
    const plan = await planDecision({ row, raw: decision, decidedBy: caller.owner, sealSecretAnswer: context.sealSecretAnswer });
    await resumeWith(context, worker, {
      threadId: row.thread_id,
      ...(await actorOf(caller, row)),
      reach,
      runId,
      plan,
      decidedBy: caller.owner,
      via: "api",
    });
    return approvalOf(await mustFind(JUDGED, approvalId));
  }

  /** Who sees a question of a project need not be one who answers it; nor does a share undo what an administrator's rule forbids. */
  async function mustBeAllowed(caller: Caller, row: ApprovalRow, reach: Reach): Promise<void> {
    if ((await find(reach, row.id)) === null)
      throw new AppError("forbidden", 'You may see this question, and neither answer nor assign it; that takes the role "approver" in its project.', {
        details: { approval_id: row.id },
      });
    if (row.owner !== caller.owner && !decidesForAll(caller) && row.policy?.effect === "deny")
      throw new AppError("forbidden", `The rule "${row.policy.name}" forbids this; whom the project is shared with cannot allow it.`, {
        details: { approval_id: row.id, policy_id: row.policy.id },
      });
  }

  /** What may be decided with one click: the same action everywhere, and none that deserves a look of its own. */
  async function mustBeAlike(caller: Caller, ids: readonly string[]): Promise<void> {
    const rows: ApprovalRow[] = [];
    for (const id of ids) {
      const row = await mustRead(caller, id).catch(() => null);
      if (row !== null) rows.push(row);
    }
    const [first] = rows;
    if (first === undefined) return;
    const single = rows.find((row) => row.kind === "deploy" || row.kind === "secret" || row.risk === "high");
    if (single !== undefined)
      throw new AppError("invalid_request", "Deployments, secrets, and whatever has a high risk are decided one by one.", {
        details: { approval_id: single.id, kind: single.kind, risk: single.risk },
      });
    const other = rows.find((row) => row.kind !== first.kind || row.action !== first.action);
    if (other !== undefined)
      throw new AppError("invalid_request", "Only questions of one kind and one action are decided together.", {
        details: { approval_ids: [first.id, other.id], kinds: [first.kind, other.kind], actions: [first.action, other.action] },
      });
  }

  return {
    async list(caller, input) {
      const reach = await reachOf(caller, "threads:search", { limit: input.limit, offset: input.offset });
      const { thread_id: threadId, project_id: projectId, mirrors = threadId !== undefined, ...filter } = input;
      const { rows, total } = await findApprovals(sql, {
        ...filter,
        reach,
        newestFirst: true,
        withoutMirrors: !mirrors,
        ...(projectId === undefined ? {} : { projectId }),
        ...(threadId === undefined ? {} : { threadId }),
      });
      return { items: rows.map(approvalOf), total };
    },

    async get(caller, approvalId) {
      return approvalOf(await mustRead(caller, approvalId));
    },

    decide,

    async decideMany(caller, { approval_ids: ids, decision }) {
      await mustBeAlike(caller, ids);
      const results: BatchResult[] = [];
      for (const id of ids) {
        try {
          results.push({ id, ok: true, approval: await decide(caller, id, decision) });
        } catch (error) {
          const { code, message, details } = toAppError(error);
          if (code === "internal") context.log.error({ err: error, approval_id: id }, "a decision of a batch failed");
          results.push({
            id,
            ok: false,
            error: { code, message: code === "internal" ? "This decision failed; the server's log says why." : message, details },
          });
        }
      }
      return { results };
    },

    async assign(caller, approvalId, assignee) {
      const row = await mustRead(caller, approvalId);
      const reach = await reachOf(caller, "threads:update", { thread_id: row.thread_id });
      if (caller.rights === undefined) await mustFind(reach, approvalId);
      else await mustBeAllowed(caller, row, reach);
      await assignApproval(sql, { id: approvalId, assignee, by: caller.owner });
      return approvalOf(await mustFind(JUDGED, approvalId));
    },

    async history(caller, approvalId, page) {
      await mustRead(caller, approvalId);
      const { rows, total } = await approvalChanges(sql, approvalId, page);
      return { items: rows.map(changeOf), total };
    },

    async metrics(caller, { days }) {
      const reach = await reachOf(caller, "threads:search", {});
      const since = new Date((context.clock?.() ?? new Date()).getTime() - days * DAY_MS);
      return metricsOf(since, await approvalFigures(sql, { reach, since }));
    },
  };
}
