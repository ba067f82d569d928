import { isDeepStrictEqual } from "node:util";
import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { approvalsOfThread } from "#db/queries/approvals-of-thread.ts";
import { claimApproval } from "#db/queries/claim-approvals.ts";
import { closeApprovals } from "#db/queries/close-approvals.ts";
import { lockMirrored } from "#db/queries/lock-mirrored.ts";
import { openApprovals } from "#db/queries/open-approvals.ts";
import type { Sql } from "#db/queries/sql.ts";
import { supersedeMirrors, type SupersededMirror } from "#db/queries/supersede-mirrors.ts";
import { type NewApproval, upsertApproval } from "#db/queries/upsert-approval.ts";
import { AppError } from "#errors";
import type { Approval, Decision, DecisionVia } from "#ports/approvals.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { foreignAnswer } from "#protocol/foreign-answer.ts";
import { ruleOn } from "./policies/rule-on.ts";
import { approvalOf, type AskedIn, extensionOf, foreignApprovalId, type PendingInterrupt, rowOf } from "./approval-view.ts";

/**
 * Approvals are a view of interrupts. The state of a row:
 *
 *   pending -> resuming    one decision claims it, in the transaction that inserts the run which carries the answer into the graph
 *   resuming -> done       that run ended and the interrupt is gone
 *   resuming -> expired    the same, where nobody answered in time and a rule rejected
 *   resuming -> pending    that run failed or was cancelled before its node took the answer; or the node asks the same question again
 *   pending -> superseded  the interrupt is gone without an answer (new input, a fork), or a mirror whose original was decided
 *
 * A decision on a mirror reserves the original with the same run, so that nobody decides it in between; the parent's graph then decides it
 * through the `approvals` port, which hands the reservation on to the original's own run.
 */

/** `owner`: of the question; a payload that names somebody else's project gets nothing into it. */
export type SealSecretAnswer = (approval: Approval, decision: Decision, payload: unknown, owner: string) => Promise<Decision>;

export interface ResumePlan {
  /** What the graph is resumed with, by interrupt id; null when only a static breakpoint is passed. */
  resume: Record<string, unknown> | null;
  positions: Record<string, number>;
  claims: { row: ApprovalRow; decision: Decision }[];
}

const INTERRUPT_ID = /^[0-9a-f]{32}$/;

function isInterruptMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => INTERRUPT_ID.test(key));
}

/**
 * Reads a client's `command.resume` against what is asked on the thread. Nothing is written but the values of a `secret` answer.
 *
 * @throws AppError `nothing_to_resume`, `resume_ambiguous` (a bare answer to several questions), `already_decided` (with who and when),
 *   `conflict` (not asked any more), `not_found` (never asked), `unreadable_answer` (the question stays pending).
 */
export async function planResume(
  sql: Sql,
  input: { threadId: string; resume: unknown; decidedBy: string; atBreakpoint: boolean; sealSecretAnswer: SealSecretAnswer },
): Promise<ResumePlan> {
  return readAnswers({ ...input, rows: await approvalsOfThread(sql, input.threadId) });
}

/** The same for questions that waited at an older checkpoint: nothing is claimed, they belong to another line of history. */
export async function readPastAnswers(input: Omit<Answering, "rows"> & { rows: readonly NewApproval[] }): Promise<ResumePlan> {
  const decision = { decision: null, decided_by: null, decided_at: null, decided_via: null, resume_run_id: null } as const;
  const ruling = { policy: null, verdict: null, attempts: 0, expires_at: null, on_expire: null, parked_at: null } as const;
  const asked = { state: "pending", ...decision, ...ruling, created_at: new Date(0) } as const;
  const plan = await readAnswers({ ...input, rows: input.rows.map((row) => ({ ...row, ...asked })) });
  return { ...plan, claims: [] };
}

/** One question, one answer, from the inbox: a graph that is not ours gets it in the shape that it asked for. Throws like {@link planResume}. */
export async function planDecision(input: { row: ApprovalRow; raw: unknown; decidedBy: string; sealSecretAnswer: SealSecretAnswer }): Promise<ResumePlan> {
  if (input.row.state !== "pending") throw notPending(input.row);
  const { id, interrupt_id, position, payload } = input.row;
  const shaped = extensionOf(payload) === null ? foreignAnswer(payload, input.raw) : { ok: true as const, value: input.raw };
  if (!shaped.ok) throw new AppError("unreadable_answer", shaped.problem, { details: { approval_id: id, interrupt_id } });
  const { decision, value } = await readAnswer(input.row, shaped.value, input.decidedBy, input.sealSecretAnswer);
  return { resume: { [interrupt_id]: value }, positions: { [interrupt_id]: position }, claims: [{ row: input.row, decision }] };
}

interface Answering {
  rows: readonly ApprovalRow[];
  resume: unknown;
  decidedBy: string;
  atBreakpoint: boolean;
  sealSecretAnswer: SealSecretAnswer;
}

async function readAnswers(input: Answering): Promise<ResumePlan> {
  const answers = matchAnswers(input.rows, input.resume, input.atBreakpoint);
  if (answers === null) return { resume: null, positions: {}, claims: [] };
  const plan: ResumePlan & { resume: Record<string, unknown> } = { resume: {}, positions: {}, claims: [] };
  for (const { row, raw } of answers) {
    const { decision, value } = await readAnswer(row, raw, input.decidedBy, input.sealSecretAnswer);
    plan.claims.push({ row, decision });
    plan.resume[row.interrupt_id] = value;
    plan.positions[row.interrupt_id] = row.position;
  }
  return plan;
}

function matchAnswers(rows: readonly ApprovalRow[], resume: unknown, atBreakpoint: boolean): { row: ApprovalRow; raw: unknown }[] | null {
  const pending = rows.filter((row) => row.state === "pending");
  if (isInterruptMap(resume)) {
    return Object.entries(resume).map(([id, raw]) => {
      const row = pending.find((one) => one.interrupt_id === id);
      if (row === undefined) throw notPending(rows.find((one) => one.interrupt_id === id));
      return { row, raw };
    });
  }
  const [only, ...more] = pending;
  if (only !== undefined && more.length === 0) return [{ row: only, raw: resume }];
  if (only !== undefined) {
    throw new AppError(
      "resume_ambiguous",
      `${pending.length} questions are waiting on this thread. Answer by interrupt id: {"command": {"resume": {"<interrupt id>": answer}}}.`,
      {
        details: { pending: pending.map((row) => ({ interrupt_id: row.interrupt_id, approval_id: row.id, action: row.action })) },
      },
    );
  }
  const underway = rows.find((row) => row.state === "resuming");
  if (underway !== undefined) throw notPending(underway);
  if (atBreakpoint) return null;
  const decided = rows.find((row) => row.state === "done" || row.state === "expired");
  throw new AppError("nothing_to_resume", "Nothing is waiting for an answer on this thread.", {
    details: decided === undefined ? {} : { last: decidedDetails(decided) },
  });
}

function notPending(row: ApprovalRow | undefined): AppError {
  if (row === undefined) return new AppError("not_found", "This question was never asked on this thread.");
  if (row.state === "resuming" || row.state === "done" || row.state === "expired") {
    const details = decidedDetails(row);
    return new AppError("already_decided", `Already decided by ${details.decided_by} at ${details.decided_at}.`, { details });
  }
  return new AppError("conflict", "This question is not asked any more: the conversation went on.", { details: { approval_id: row.id, state: row.state } });
}

function decidedDetails(row: ApprovalRow) {
  return {
    approval_id: row.id,
    decision: row.decision?.type ?? null,
    decided_by: row.decided_by ?? "somebody",
    decided_at: row.decided_at?.toISOString() ?? "an unknown time",
  };
}

async function readAnswer(row: ApprovalRow, raw: unknown, decidedBy: string, seal: SealSecretAnswer): Promise<{ decision: Decision; value: unknown }> {
  const extension = extensionOf(row.payload);
  const reply = readReply(row.payload, raw);
  if (extension === null) {
    // a foreign graph gets what the client sent, in whatever shape it understands; our row only remembers it
    const decision: Decision = reply.ok ? reply.decision : { type: "respond", message: JSON.stringify(raw) ?? null, args: null };
    return { decision, value: raw ?? null };
  }
  if (!reply.ok) throw new AppError("unreadable_answer", reply.problem, { details: { approval_id: row.id, interrupt_id: row.interrupt_id } });
  const decision = extension.kind === "secret" ? await seal(approvalOf(row), reply.decision, row.payload, row.owner) : reply.decision;
  return { decision, value: { ...decision, approval_id: row.id, decided_by: decidedBy } };
}

/**
 * Claims what a plan answers, in the transaction that inserts the run. Mirrors of an answered question are superseded, the original of an
 * answered mirror is reserved. Returns the parents' threads whose mirrored question is out of date.
 * @throws AppError `already_decided` when another decision was faster.
 */
export async function claimAnswers(
  sql: Sql,
  input: { plan: ResumePlan; runId: string; decidedBy: string; via: DecisionVia; reservedBy?: string },
): Promise<SupersededMirror[]> {
  if (input.plan.claims.length === 0) return [];
  const locked = await lockMirrored(
    sql,
    input.plan.claims.map((claim) => claim.row.id),
  );
  const now = new Map(locked.map((row) => [row.id, row]));
  const outdated: SupersededMirror[] = [];
  for (const { row, decision } of input.plan.claims) {
    const claim = { decision, decidedBy: input.decidedBy, via: input.via, resumeRunId: input.runId };
    if (!(await claimApproval(sql, { ...claim, id: row.id }, input.reservedBy ?? null))) throw notPending(now.get(row.id));
    const original = row.mirror_of === null ? undefined : now.get(row.mirror_of);
    if (original !== undefined && original.owner === row.owner) {
      if (!showsTheSame(row, original)) throw misleading(row, original);
      if (!(await claimApproval(sql, { ...claim, id: original.id }))) throw notPending(original);
    }
    outdated.push(...(await supersedeMirrors(sql, [row.id])));
  }
  return outdated;
}

/** A mirror is made from the state of its graph, which can be edited: what it shows must be what is decided. */
export function showsTheSame(mirror: ApprovalRow, original: ApprovalRow): boolean {
  const { kind, action, digest, args } = original;
  return isDeepStrictEqual({ kind, action, digest, args }, { kind: mirror.kind, action: mirror.action, digest: mirror.digest, args: mirror.args });
}

function misleading(mirror: ApprovalRow, original: ApprovalRow): AppError {
  return new AppError("conflict", `This question does not show what the team asks. Answer the team's own question: POST /approvals/${original.id}/decision.`, {
    details: { approval_id: mirror.id, original: original.id },
  });
}

export interface Settled {
  /** The parents' threads whose mirrors went. */
  outdated: SupersededMirror[];
  /** Questions that a rule has decided, to be carried out after the commit. */
  verdicts: number;
  /** Somebody has to answer. */
  waits: boolean;
}

/**
 * Brings the rows of a thread in line with the interrupts that wait in it now, in the transaction that ends a run (or edits the state), and
 * asks the rules about what is new. `endingRunId`: the run that ends; what it claimed is done, or asked again.
 */
export async function settleApprovals(
  sql: Sql,
  input: { asked: AskedIn; interrupts: readonly PendingInterrupt[]; endingRunId: string | null; clock: Date | null },
): Promise<Settled> {
  const { asked, interrupts, endingRunId } = input;
  const open = await openApprovals(sql, { threadId: asked.threadId, runId: endingRunId });
  const here = open.filter((row) => row.thread_id === asked.threadId);
  const stillAsked = new Set<string>();
  const fresh: NewApproval[] = [];
  let verdicts = 0;
  for (const interrupt of interrupts) {
    const known =
      extensionOf(interrupt.value) === null ? here.find((row) => row.interrupt_id === interrupt.id && row.position === interrupt.position) : undefined;
    let row = rowOf(asked, interrupt, known?.id);
    let written = await upsertApproval(sql, row, endingRunId);
    if (written === null) {
      // the id stands in another thread (a copied thread asks with the payload of its original)
      row = rowOf(asked, interrupt, foreignApprovalId(asked, interrupt));
      written = await upsertApproval(sql, row, endingRunId);
    }
    stillAsked.add(row.id);
    const isNew = written?.state === "pending" && (written.inserted || !here.some((one) => one.id === row.id));
    if (isNew) fresh.push(row);
    else if (written?.ruled === true) verdicts += 1;
  }
  const gone = here.filter((row) => !stillAsked.has(row.id));
  const answered = gone.filter((row) => row.state === "resuming");
  const expired = answered.filter((row) => row.decided_via === "expiry").map((row) => row.id);
  const done = answered.filter((row) => row.decided_via !== "expiry").map((row) => row.id);
  const superseded = gone.filter((row) => row.state === "pending").map((row) => row.id);
  // an original that was reserved through a mirror and never decided by the graph can be decided again
  const reserved = open.filter((row) => row.thread_id !== asked.threadId && row.state === "resuming").map((row) => row.id);
  await closeApprovals(sql, done, "done");
  await closeApprovals(sql, expired, "expired");
  await closeApprovals(sql, superseded, "superseded");
  await closeApprovals(sql, reserved, "pending");
  // after that, because rules count what was rejected before
  verdicts += await ruleOn(sql, fresh, { clock: input.clock, decides: endingRunId !== null });
  const outdated = await supersedeMirrors(sql, [...done, ...expired, ...superseded]);
  return { outdated, verdicts, waits: interrupts.length > verdicts };
}
