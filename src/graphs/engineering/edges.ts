import { AIMessage } from "@langchain/core/messages";
import { CALLS_PER_ROUND, lastAttempt, type EngineeringState } from "./state.ts";

/** Who follows whom. Pure answers to one question each, about the state alone. */

export function isPlanApproved({ answer }: Pick<EngineeringState, "answer">): "preparer" | "analyst" | "report" | "ask_plan_approval" {
  switch (answer?.verdict) {
    case "approved":
      return "preparer";
    case "revise":
      return "analyst";
    case "rejected":
      return "report";
    default:
      return "ask_plan_approval";
  }
}

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

export function isRoundOver({
  stuck,
  claim,
  calls_in_round,
}: Pick<EngineeringState, "stuck" | "claim" | "calls_in_round">): "developer" | "commit_attempt" | "escalate" {
  if (stuck !== null) return "escalate";
  return claim !== null || calls_in_round >= CALLS_PER_ROUND ? "commit_attempt" : "developer";
}

export function isThereSomethingToTest(state: Pick<EngineeringState, "attempts" | "stuck">): "tester" | "rework" | "escalate" {
  if (lastAttempt(state)?.changed === true) return "tester";
  return state.stuck === null ? "rework" : "escalate";
}

export function needsRework(state: Pick<EngineeringState, "attempts" | "stuck">): "promote" | "rework" | "escalate" {
  if (lastAttempt(state)?.green === true) return "promote";
  return state.stuck === null ? "rework" : "escalate";
}

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
