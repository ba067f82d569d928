import { AIMessage } from "@langchain/core/messages";
import { Send } from "@langchain/langgraph";
import { CALLS_PER_ROUND, lastAttempt, type EngineeringState } from "./state.ts";

/** A plan that is approved only once its work is green and tested (the question was passed by before) goes on where it was stopped. */
export function isPlanApproved(state: Pick<EngineeringState, "answer" | "attempts">): "preparer" | "promote" | "analyst" | "report" | "ask_plan_approval" {
  switch (state.answer?.verdict) {
    case "approved":
      return lastAttempt(state)?.green === true ? "promote" : "preparer";
    case "revise":
      return "analyst";
    case "rejected":
      return "report";
    default:
      return "ask_plan_approval";
  }
}

/** What changes the project looks for the approval in the inbox; without one it does nothing and has the question asked again. */
export function mayPrepare({ answer }: Pick<EngineeringState, "answer">): "developer" | "ask_plan_approval" {
  return answer?.verdict === "again" ? "ask_plan_approval" : "developer";
}

/** The same for the branch. */
export function mayPromote({ answer }: Pick<EngineeringState, "answer">): "report" | "ask_plan_approval" {
  return answer?.verdict === "again" ? "ask_plan_approval" : "report";
}

/** An answer without calls is told so, until the calls of the round are used up. */
export function wantsTools({
  stuck,
  developer_messages,
  calls_in_round,
}: Pick<EngineeringState, "stuck" | "developer_messages" | "calls_in_round">): "developer_tools" | "developer" | "commit_attempt" | "escalate" {
  if (stuck !== null) return "escalate";
  const last = developer_messages.at(-1);
  if (AIMessage.isInstance(last) && (last.tool_calls?.length ?? 0) > 0) return "developer_tools";
  return calls_in_round >= CALLS_PER_ROUND ? "commit_attempt" : "developer";
}

/** A round is over when the developer says so, or has had all its calls. */
export function isRoundOver({
  stuck,
  claim,
  calls_in_round,
}: Pick<EngineeringState, "stuck" | "claim" | "calls_in_round">): "developer" | "commit_attempt" | "escalate" {
  if (stuck !== null) return "escalate";
  return claim !== null || calls_in_round >= CALLS_PER_ROUND ? "commit_attempt" : "developer";
}

/** Calls that somebody is asked about are asked side by side; then the same batch comes again. */
export function whatFollowsTools(
  state: Pick<EngineeringState, "stuck" | "claim" | "calls_in_round" | "tool_questions">,
): Send[] | ReturnType<typeof isRoundOver> {
  if (state.tool_questions.length > 0) return state.tool_questions.map((question) => new Send("ask_tool", { question }));
  return isRoundOver(state);
}

/** Files that are as they were before are not tested again. */
export function isThereSomethingToTest(state: Pick<EngineeringState, "attempts" | "stuck">): "tester" | "rework" | "escalate" {
  if (lastAttempt(state)?.changed === true) return "tester";
  return state.stuck === null ? "rework" : "escalate";
}

/** Green moves the branch, red opens another round, and what goes round in circles is shown to a person. */
export function needsRework(state: Pick<EngineeringState, "attempts" | "stuck">): "promote" | "rework" | "escalate" {
  if (lastAttempt(state)?.green === true) return "promote";
  return state.stuck === null ? "rework" : "escalate";
}

/** What the person said who was asked how to go on. */
export function mayGoOn({ answer }: Pick<EngineeringState, "answer">): "rework" | "report" | "escalate" {
  switch (answer?.verdict) {
    case "granted":
      return "rework";
    case "stopped":
      return "report";
    default:
      return "escalate";
  }
}
