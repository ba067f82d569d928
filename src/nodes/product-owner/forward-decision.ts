import { AIMessage } from "@langchain/core/messages";
import type { GraphNode } from "@langchain/langgraph";
import { isAppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import { forwardedText } from "#prompts/product-owner/forward-decision.ts";
import { sayIn } from "../shared/say-in.ts";
import { messageId } from "../shared/tidy-answer.ts";

/** Hands the answer to the team that asked. Somebody who was faster is not an error: the question is simply gone. */
export const forwardDecision: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const { question, reply } = state;
  if (question === null || reply === null) return {};
  const ports = portsOf(config);
  try {
    await ports.approvals.decideForTeam(question.id, reply);
  } catch (error) {
    if (!isAppError(error) || !error.terminal || error.code === "lease_lost") throw error;
    return { reply: null, problem: error.code === "already_decided" ? null : error.message };
  }
  const text = await sayIn(state.language, forwardedText(reply.type, question.kind), { models: ports.models, signal: config.signal });
  const work = state.works[question.call];
  const works = work === undefined ? state.works : { ...state.works, [question.call]: { ...work, status: "running" as const } };
  return { reply: null, problem: null, works, messages: [new AIMessage({ id: messageId(state.messages, question.id, state.asked), content: text })] };
};
