import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { approvalsOfThread } from "#db/queries/approvals-of-thread.ts";
import { findApprovals } from "#db/queries/find-approvals.ts";
import { findRun } from "#db/queries/find-run.ts";
import { AppError } from "#errors";
import { approvalOf } from "#governance/approval-view.ts";
import { planDecision, showsTheSame } from "#governance/approvals.ts";
import { JUDGED } from "#governance/permit.ts";
import type { Approval, ApprovalsPort, Decision } from "#ports/approvals.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import { idOf } from "./ids.ts";
import { resumeWith } from "./resume-with.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { userOf } from "./user-who-asked.ts";
import type { Worker } from "./worker.ts";

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

function holdsReferences(decision: Decision): boolean {
  const values = Object.values(decision.args ?? {});
  return values.every((value) => typeof value === "string" && value.startsWith("secret://"));
}
