import { interrupt } from "@langchain/langgraph";
import type { Decision } from "#ports/approvals.ts";
import { approvalPayload, type ApprovalRequest } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { answeredAs } from "./answered-as.ts";

/** What came back from a person: a decision, or the reason why the answer could not be read and must be asked for again. */
export interface HumanAnswer {
  /** Under which the inbox keeps the decision. */
  approvalId: string;
  decision: Decision | null;
  problem: string | null;
}

/**
 * Pauses until a person answers. Call it once in a node that does nothing else: the node starts again from its first line on resume,
 * and a second question of the same node would share the first one's id. An unreadable answer is returned, not thrown (a throw would end
 * the run and lose the question): store `problem`, route back to the node, and pass it on, so that the question stands again with the reason.
 *
 * @param request must be built from state alone, so that the re-run builds the same payload
 * @param again why it is asked again, or null; `times` makes the second question another approval. For nodes whose request does not say both by itself
 */
export function askHuman(request: ApprovalRequest, again: { problem: string | null; times: number } = { problem: null, times: 0 }): HumanAnswer {
  const occasion = again.times === 0 ? request.identity.occasion : `${request.identity.occasion}#${again.times}`;
  const description = again.problem === null ? request.description : `⚠️ ${again.problem}\n\n${request.description}`;
  const payload = approvalPayload({ ...request, description, identity: { ...request.identity, occasion } });
  const answer: unknown = interrupt(payload);
  const approvalId = answeredAs(payload, answer);
  const reply = readReply(payload, answer);
  return reply.ok ? { approvalId, decision: reply.decision, problem: null } : { approvalId, decision: null, problem: reply.problem };
}
