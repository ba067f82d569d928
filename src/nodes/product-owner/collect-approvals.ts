import type { GraphNode } from "@langchain/langgraph";
import { z } from "zod";
import { portsOf } from "#graphs/context.ts";
import type { Mirrored, ProductOwnerState } from "#graphs/product-owner/state.ts";
import type { Approval, ApprovalKind } from "#ports/approvals.ts";
import { DecisionType } from "#protocol/approvals.ts";

/**
 * Ends every turn: what a team of this conversation still waits for is looked up anew, the oldest first, so that no message and no
 * wake-up drops a question. Also the place where a wake-up is over.
 */
export const collectApprovals: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const pending = await portsOf(config).approvals.pendingOfTeams();
  const calls = new Map(Object.values(state.works).map((work) => [work.threadId, work.call]));
  const first = pending.find((approval) => calls.has(approval.threadId));
  const question = first === undefined ? null : mirror(first, calls.get(first.threadId) ?? "");
  const again = question !== null && question.id === state.question?.id;
  return { outcome: null, reply: null, question, asked: question === null ? state.asked : state.asked + 1, problem: again ? state.problem : null };
};

const Shown = z.object({
  review_configs: z.array(z.object({ allowed_decisions: z.array(DecisionType).min(1), args_schema: z.unknown().optional() })).min(1),
  x: z.object({ evidence: z.array(z.object({ kind: z.string(), ref: z.string() })).catch([]), project_id: z.uuid().nullable().catch(null) }),
});

function mirror(approval: Approval, call: string): Mirrored {
  const { id, kind, action, args, description, digest, risk } = approval;
  const shown = Shown.safeParse(approval.payload);
  const review = shown.success ? shown.data.review_configs[0] : undefined;
  return {
    id,
    call,
    kind,
    action,
    args,
    description,
    digest,
    risk,
    allowed: review?.allowed_decisions ?? ALLOWED[kind],
    argsSchema: review?.args_schema ?? null,
    evidence: shown.success ? shown.data.x.evidence : [],
    projectId: shown.success ? shown.data.x.project_id : null,
  };
}

/** For payloads that do not say, the choices that each kind has by nature. */
const ALLOWED: Readonly<Record<ApprovalKind, z.infer<typeof DecisionType>[]>> = {
  plan: ["approve", "edit", "reject"],
  tool: ["approve", "reject"],
  deploy: ["approve", "reject"],
  secret: ["edit", "reject"],
  budget: ["approve", "reject"],
  question: ["respond"],
  escalation: ["approve", "respond", "reject"],
};
