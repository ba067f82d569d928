import { v5 as uuidv5 } from "uuid";
import type { ApprovalRow, StoredRuling } from "#db/queries/approval-row.ts";
import type { NewApproval } from "#db/queries/upsert-approval.ts";
import type { InboxApproval } from "#ports/approvals.ts";
import type { PolicyNote } from "#ports/policies.ts";
import { ApprovalExtension } from "#protocol/approval-payload.ts";

const FOREIGN_NAMESPACE = "d0b6a9be-3f55-4b0e-9a43-0f6c6f0f4d11";

/** An interrupt that waits for an answer now. */
export interface PendingInterrupt {
  id: string;
  value: unknown;
  /** Answers that its node has consumed already; see `approvals.position`. */
  position: number;
}

export interface AskedIn {
  threadId: string;
  runId: string;
  owner: string;
  branch: string;
  /** The graph that asks. */
  graphId: string;
}

type Dictionary = Record<string, unknown>;

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is ours in an interrupt's payload; null for anybody else's. */
export function extensionOf(payload: unknown): ApprovalExtension | null {
  const parsed = ApprovalExtension.safeParse(isDictionary(payload) ? payload["x"] : undefined);
  return parsed.success ? parsed.data : null;
}

/** Id of a question that is not ours: its interrupt in this thread, asked by this run. */
export function foreignApprovalId(asked: AskedIn, interrupt: PendingInterrupt): string {
  return uuidv5([asked.threadId, interrupt.id, asked.runId, interrupt.position].join("\n"), FOREIGN_NAMESPACE);
}

/** The row of an interrupt. `id` overrides what the payload says, for a question whose row is known or whose id is taken. */
export function rowOf(asked: AskedIn, interrupt: PendingInterrupt, id?: string): NewApproval {
  const extension = extensionOf(interrupt.value);
  const shown = shownAction(interrupt.value);
  return {
    id: id ?? extension?.approval_id ?? foreignApprovalId(asked, interrupt),
    thread_id: asked.threadId,
    run_id: asked.runId,
    interrupt_id: interrupt.id,
    position: interrupt.position,
    mirror_of: extension?.mirror_of ?? null,
    owner: asked.owner,
    branch: extension?.branch ?? asked.branch,
    kind: extension?.kind ?? "question",
    action: shown.action,
    args: shown.args,
    description: shown.description,
    payload: interrupt.value ?? null,
    digest: extension?.action_digest ?? null,
    risk: extension?.risk ?? "medium",
    project_id: extension?.project_id ?? null,
    agent: asked.graphId,
    target: extension?.target ?? targetOf(shown.args),
    evidence: extension?.evidence ?? [],
    assignee: extension?.assignee ?? null,
  };
}

const TARGET_NAMES = ["target", "project", "path", "command", "url", "name"];

/** What an action is done to, where its question does not say: the first of the arguments that usually do. */
export function targetOf(args: Dictionary): string {
  const name = TARGET_NAMES.find((one) => Object.hasOwn(args, one) && typeof args[one] === "string");
  return name === undefined ? "" : String(args[name]);
}

/** Action, arguments and text of a payload in any of the known shapes; a foreign one shows itself. */
function shownAction(payload: unknown): { action: string; args: Dictionary; description: string } {
  const first: unknown = Array.isArray(payload) ? payload[0] : payload;
  if (!isDictionary(first)) return { action: "interrupt", args: {}, description: typeof first === "string" ? first : JSON.stringify(first ?? null) };
  const lists = [first["action_requests"], first["actionRequests"]].map((list) => (Array.isArray(list) ? (list as unknown[])[0] : undefined));
  const request = lists.find(isDictionary) ?? (isDictionary(first["action_request"]) ? first["action_request"] : {});
  const args = request["args"] ?? request["arguments"];
  const description = first["description"] ?? request["description"];
  return {
    action: String(request["name"] ?? request["action"] ?? "interrupt"),
    args: isDictionary(args) ? args : {},
    description: typeof description === "string" ? description : "",
  };
}

/** What of a stored ruling is anybody's business. */
export function policyNote(ruling: StoredRuling | null): PolicyNote | null {
  return ruling === null ? null : { id: ruling.id, name: ruling.name, effect: ruling.effect };
}

/** A row as the inbox tells it. */
export function approvalOf(row: ApprovalRow): InboxApproval {
  return {
    id: row.id,
    threadId: row.thread_id,
    runId: row.run_id,
    interruptId: row.interrupt_id,
    kind: row.kind,
    action: row.action,
    args: row.args,
    description: row.description,
    digest: row.digest,
    risk: row.risk,
    state: row.state,
    decision: row.decision,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    payload: row.payload,
    agent: row.agent,
    projectId: row.project_id,
    target: row.target,
    evidence: row.evidence,
    assignee: row.assignee,
    mirrorOf: row.mirror_of,
    decidedVia: row.decided_via,
    policy: policyNote(row.policy),
    expiresAt: row.expires_at?.toISOString() ?? null,
    onExpire: row.expires_at === null ? null : row.on_expire,
    parkedAt: row.parked_at?.toISOString() ?? null,
  };
}
