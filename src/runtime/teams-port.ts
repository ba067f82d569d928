import { closeApprovals } from "#db/queries/close-approvals.ts";
import { findAssistant } from "#db/queries/find-assistant.ts";
import { findChildren } from "#db/queries/find-children.ts";
import { forgetQuestions } from "#db/queries/forget-questions.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import { openApprovals } from "#db/queries/open-approvals.ts";
import { patchThread } from "#db/queries/patch-thread.ts";
import { settleThread } from "#db/queries/settle-thread.ts";
import { supersedeMirrors } from "#db/queries/supersede-mirrors.ts";
import { AppError } from "#errors";
import type { RunsService } from "#ports/services/runs.ts";
import type { TeamsPort, TeamWork } from "#ports/teams.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import { idOf, systemAssistantId } from "./ids.ts";
import { BARE_REQUEST, kwargsOf } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { startRun } from "./start-run.ts";
import { ENDED_BY_PARENT, teamWork } from "./team-work.ts";
import { userOf } from "./user-who-asked.ts";
import type { Worker } from "./worker.ts";

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

/** What the project's rules wrote on the conversation, so that they judge its team's thread the same. */
function inherited(run: ClaimedRun): Record<string, unknown> {
  if (userOf(run) === null) return {};
  const { graph_id: _, assistant_id: __, created_by: ___, ...metadata } = run.metadata;
  return metadata;
}
