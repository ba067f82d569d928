import type { DecisionsPort, RecordedDecision } from "#ports/decisions.ts";
import type { RunIdentity } from "#ports/run.ts";
import type { ApprovalPayload } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";

/**
 * The record of decisions for graphs that run without our runtime: what a test answers is noted, as the inbox would when a run carries the
 * answer. There are no rules in it. The real one has tests of its own, through a server.
 */
export class DecisionRecord {
  readonly #noted: (RecordedDecision & { threadId: string })[] = [];

  /** Notes an answer that can be read. */
  note(threadId: string, payload: ApprovalPayload, raw: unknown): void {
    const read = readReply(payload, raw);
    const [shown] = payload.action_requests;
    if (!read.ok || shown === undefined) return;
    const { approval_id: approvalId, kind, branch, action_digest: digest, evidence } = payload.x;
    const asked = { approvalId, kind, action: shown.name, branch, digest, args: shown.args, evidence };
    this.#noted.unshift({ ...asked, threadId, decision: read.decision, decidedBy: "somebody", via: "resume" });
  }

  port(run: Pick<RunIdentity, "threadId" | "branch">): DecisionsPort {
    const here = (kind: string) => this.#noted.filter((one) => one.threadId === run.threadId && one.kind === kind);
    return {
      find: async (kind, ids) => here(kind).find((one) => ids.includes(one.approvalId) && one.branch === run.branch) ?? null,
      all: async (kind) => here(kind),
      rulesOn: async (calls) => calls.map(({ usual }) => ({ effect: usual, rule: null, ruleId: null })),
      tellRuled: async () => {},
    };
  }
}
