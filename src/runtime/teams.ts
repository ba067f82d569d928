import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { approvalsOfThread } from "#db/queries/approvals-of-thread.ts";
import { closeApprovals } from "#db/queries/close-approvals.ts";
import { findApprovals } from "#db/queries/find-approvals.ts";
import { findAssistant } from "#db/queries/find-assistant.ts";
import { findChildren } from "#db/queries/find-children.ts";
import { findRun } from "#db/queries/find-run.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import { openApprovals } from "#db/queries/open-approvals.ts";
import { patchThread } from "#db/queries/patch-thread.ts";
import { settleThread } from "#db/queries/settle-thread.ts";
import { forgetQuestions } from "#db/queries/forget-questions.ts";
import { supersedeMirrors } from "#db/queries/supersede-mirrors.ts";
import { AppError } from "#errors";
import { approvalOf } from "#governance/approval-view.ts";
import { planDecision, showsTheSame } from "#governance/approvals.ts";
import { JUDGED } from "#governance/permit.ts";
import type { Reach } from "#ports/access.ts";
import type { Approval, ApprovalsPort, Decision, DecisionVia } from "#ports/approvals.ts";
import type { RunsService } from "#ports/services.ts";
import type { TeamsPort, TeamWork } from "#ports/teams.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import { idOf, systemAssistantId } from "./ids.ts";
import { kwargsOf } from "./run-request.ts";
import { RunKwargs } from "./run-kwargs.ts";
import { withPlan } from "./runs.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { startRun } from "./start-run.ts";
import { ENDED_BY_PARENT, teamWork } from "./team-work.ts";
import type { Worker } from "./worker.ts";

const BARE_REQUEST = { assistant_id: "", stream_resumable: true } as const;

/**
 * Teams as threads of their own (docs/decisions/0001). A child is keyed by the parent's thread, its branch and the call that started it, so
 * that a replayed parent starts no second child and a forked one starts its own.
 */
export function makeTeamsPort(context: RuntimeContext, worker: Worker, runs: RunsService, run: ClaimedRun): TeamsPort {
  const { sql } = context.database;

  async function find(call: string): Promise<TeamWork | null> {
    const [row] = await findChildren(sql, { parentThreadId: run.thread_id, branch: run.branch, call });
    return row === undefined ? null : teamWork(context, row);
  }

  return {
    async start(input) {
      const existing = await find(input.call);
      if (existing !== null) return existing;
      const assistant = await findAssistant(sql, systemAssistantId(input.team), run.owner);
      if (assistant === null || context.graphs.find(input.team) === null) throw new AppError("not_found", `There is no graph "${input.team}" here.`);
      const threadId = idOf("child", run.thread_id, run.branch, input.call);
      try {
        await startRun(context, worker, {
          runId: idOf("child-run", threadId),
          threadId,
          owner: run.owner,
          assistant,
          kwargs: { ...kwargsOf({ ...BARE_REQUEST, input: input.input }, assistant, {}, false), user: userOf(run) },
          metadata: {},
          strategy: "reject",
          afterSeconds: 0,
          stateless: false,
          newThread: {
            metadata: {
              ...inherited(run),
              parent_thread_id: run.thread_id,
              parent_call: input.call,
              ...(input.projectId === null ? {} : { project_id: input.projectId }),
            },
            parent: { threadId: run.thread_id, call: input.call, branch: run.branch, projectId: input.projectId },
          },
          forks: false,
          plan: null,
          decidedBy: run.owner,
        });
      } catch (error) {
        // an earlier attempt of this run, thought dead, was faster: its child is ours
        const made = await find(input.call);
        if (made !== null) return made;
        throw error;
      }
      const started = await find(input.call);
      if (started === null) throw new AppError("internal", `The team's thread ${threadId} is gone.`);
      return started;
    },

    async list() {
      const rows = await findChildren(sql, { parentThreadId: run.thread_id });
      return Promise.all(rows.map((row) => teamWork(context, row)));
    },

    async cancel(call) {
      const work = await find(call);
      if (work === null) throw new AppError("not_found", `No team was started by call ${call}.`);
      if (work.status === "running") {
        await runs.cancelMany({ owner: run.owner }, { thread_id: work.threadId, status: "all", action: "interrupt" });
      } else if (work.status === "waiting") {
        await endPaused(context, run, work.threadId);
      }
      return (await find(call)) ?? work;
    },
  };
}

/** A paused child has no run that could be cancelled: its questions go, and its thread rests. */
async function endPaused(context: RuntimeContext, run: ClaimedRun, threadId: string): Promise<void> {
  await context.database.sql.begin(async (sql) => {
    const thread = await lockThread(sql, threadId);
    if (thread === null) return;
    const open = (await openApprovals(sql, { threadId, runId: null })).map((row) => row.id);
    await closeApprovals(sql, open, "superseded");
    await supersedeMirrors(sql, open);
    await patchThread(sql, { threadId, owner: run.owner, metadata: { [ENDED_BY_PARENT]: true } });
    await forgetQuestions(sql, threadId);
    await settleThread(sql, threadId);
  });
}

/** Lets a parent's graph see and decide what its teams ask. */
export function makeApprovalsPort(context: RuntimeContext, worker: Worker, run: ClaimedRun): ApprovalsPort {
  const { sql } = context.database;

  async function find(approvalId: string) {
    const { rows } = await findApprovals(sql, { reach: JUDGED, id: approvalId, parentThreadId: run.thread_id, limit: 1, offset: 0, newestFirst: false });
    const [row] = rows;
    if (row === undefined) throw new AppError("not_found", `No team of this conversation asks ${approvalId}.`);
    return row;
  }

  /** What was answered in this conversation to a team's question that nobody has decided yet: the run that carried it may have died. */
  async function answerToMirror(original: ApprovalRow): Promise<Decision | null> {
    const answered = (await approvalsOfThread(sql, run.thread_id)).filter(
      (row) => row.mirror_of === original.id && (row.state === "resuming" || row.state === "done") && showsTheSame(row, original),
    );
    return answered.toSorted((one, other) => (other.decided_at?.getTime() ?? 0) - (one.decided_at?.getTime() ?? 0))[0]?.decision ?? null;
  }

  return {
    async pendingOfTeams() {
      const { rows } = await findApprovals(sql, {
        reach: JUDGED,
        state: "pending",
        // the node that passes an answer on is run again from its first line, and must see the question that it asked
        reservedBy: run.run_id,
        onlyUndecided: true,
        parentThreadId: run.thread_id,
        limit: 100,
        offset: 0,
        newestFirst: false,
      });
      return rows.map((row) => approvalOf({ ...row, state: "pending" }));
    },

    async decideForTeam(approvalId: string, decision: Decision): Promise<Approval> {
      const row = await find(approvalId);
      // one decision of one run has one carrier, however often the node that decides is run again
      const runId = idOf("decide", approvalId, run.run_id);
      if ((await findRun(sql, { runId, threadId: row.thread_id, owner: JUDGED })) !== null) return approvalOf(row);
      const reserved = row.state === "resuming" && row.resume_run_id === run.run_id;
      // the graph only says that it passes an answer on; what the answer is, and that there is one, the inbox knows
      const given = reserved ? row.decision : row.state === "pending" ? await answerToMirror(row) : decision;
      if (given === null)
        throw new AppError("decision_missing", "Nobody answered this in the conversation. Answer the question there, or in the inbox (GET /approvals).", {
          details: { approval_id: approvalId },
        });
      const plan = await planDecision({
        row: reserved ? { ...row, state: "pending" } : row,
        raw: given,
        decidedBy: run.owner,
        // the values of an answer that came through a mirror were sealed there
        sealSecretAnswer: async (approval, answer, payload, owner) =>
          holdsReferences(answer) ? answer : context.sealSecretAnswer(approval, answer, payload, owner),
      });
      await resumeWith(context, worker, {
        threadId: row.thread_id,
        owner: run.owner,
        reach: JUDGED,
        user: userOf(run),
        runId,
        plan,
        decidedBy: run.owner,
        reservedBy: run.run_id,
      });
      return approvalOf(await find(approvalId));
    },
  };
}

/** Who asked for a run, as the project's auth knows them; its team works for them too. */
function userOf(run: ClaimedRun): RunKwargs["user"] {
  return RunKwargs.parse(run.kwargs).user ?? null;
}

/** What the project's rules wrote on the conversation, so that they judge its team's thread the same. */
function inherited(run: ClaimedRun): Record<string, unknown> {
  if (userOf(run) === null) return {};
  const { graph_id: _, assistant_id: __, created_by: ___, ...metadata } = run.metadata;
  return metadata;
}

function holdsReferences(decision: Decision): boolean {
  const values = Object.values(decision.args ?? {});
  return values.every((value) => typeof value === "string" && value.startsWith("secret://"));
}

/** Starts the run that carries an answer into its graph, with the thread's own assistant. */
export async function resumeWith(
  context: RuntimeContext,
  worker: Worker | null,
  input: {
    threadId: string;
    owner: string;
    reach: Reach;
    user: RunKwargs["user"];
    runId: string;
    plan: Parameters<typeof withPlan>[1];
    decidedBy: string;
    via?: DecisionVia;
    reservedBy?: string;
  },
): Promise<void> {
  const { sql } = context.database;
  const thread = await findThread(sql, input.threadId, input.reach);
  const assistant = thread?.assistant_id ? await findAssistant(sql, thread.assistant_id, JUDGED) : null;
  if (assistant === null) throw new AppError("not_found", `Thread ${input.threadId} has no assistant to go on with.`);
  const kwargs = withPlan(kwargsOf({ ...BARE_REQUEST }, assistant, {}, false), input.plan);
  await startRun(context, worker, {
    runId: input.runId,
    threadId: input.threadId,
    owner: input.owner,
    reach: input.reach,
    assistant,
    kwargs: { ...kwargs, user: input.user },
    metadata: {},
    strategy: "enqueue",
    afterSeconds: 0,
    stateless: false,
    newThread: null,
    forks: false,
    plan: input.plan,
    decidedBy: input.decidedBy,
    ...(input.via === undefined ? {} : { via: input.via }),
    ...(input.reservedBy === undefined ? {} : { reservedBy: input.reservedBy }),
  });
}
