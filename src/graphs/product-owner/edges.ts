import { AIMessage } from "@langchain/core/messages";
import { END, Send } from "@langchain/langgraph";
import { deploymentDue } from "#nodes/product-owner/deployment-due.ts";
import { lastHuman } from "#nodes/shared/model-history.ts";
import type { ProductOwnerState } from "./state.ts";

/** A wake-up tells of a team; a person says something; neither is a turn that only looks for open questions. */
export function whatArrived(state: ProductOwnerState): "parse_intent" | "announce" | "collect_approvals" {
  const { outcome } = state;
  if (outcome !== null && outcome.status !== "decided" && Object.hasOwn(state.works, outcome.call)) return "announce";
  return isSomebodyWaiting(state) ? "parse_intent" : "collect_approvals";
}

/** True while the person's newest message has no turn of its own yet (a cancelled wake-up may have come before it). */
function isSomebodyWaiting(state: ProductOwnerState): boolean {
  const newest = lastHuman(state.messages);
  return newest !== undefined && (newest.id ?? "") !== state.handled;
}

/** Calls that the person is asked about are asked side by side; then the same calls come again. */
export function whatFollowsTools({ tool_questions: questions }: ProductOwnerState): Send[] | "work" {
  return questions.length > 0 ? questions.map((question) => new Send("ask_tool", { question })) : "work";
}

/** Without an intent the reason was told in the chat, and the turn is over. */
export function isIntentKnown(state: ProductOwnerState): "choose_capabilities" | "collect_approvals" {
  return state.intent === null ? "collect_approvals" : "choose_capabilities";
}

/** Without calls it has answered, and the turn ends. */
export function wantsTools(state: ProductOwnerState): "work_tools" | "collect_approvals" {
  const last = state.messages.at(-1);
  return AIMessage.isInstance(last) && (last.tool_calls ?? []).length > 0 ? "work_tools" : "collect_approvals";
}

/** A green delivery that was wanted as a service goes on; then somebody may still wait for an answer. */
export function whatFollowsTheNews(state: ProductOwnerState): "start_devops" | "parse_intent" | "collect_approvals" {
  if (deploymentDue(state) !== null) return "start_devops";
  return isSomebodyWaiting(state) ? "parse_intent" : "collect_approvals";
}

/** News of a team came while the person was asked about calls: those are asked about again, once the team's own question is answered. */
export function isSomethingAsked(state: ProductOwnerState): "ask_approval" | "work_tools" | typeof END {
  if (state.question !== null) return "ask_approval";
  return state.tool_questions.length > 0 ? "work_tools" : END;
}

/** An answer that could not be read leaves the question. */
export function isAnswered(state: ProductOwnerState): "forward_decision" | "collect_approvals" {
  return state.reply === null ? "collect_approvals" : "forward_decision";
}
