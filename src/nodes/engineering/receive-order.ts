import { REMOVE_ALL_MESSAGES } from "@langchain/langgraph";
import { RemoveMessage } from "@langchain/core/messages";
import { v5 as uuidv5 } from "uuid";
import { z } from "zod";
import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { ROUNDS, type EngineeringNode } from "#graphs/engineering/state.ts";
import { EngineeringOrder } from "#protocol/team-work.ts";

const DELIVERIES = "d0c6b3f4-6a0e-4b56-9d43-3f5f2f5f7d21";

/** Checks the order and starts from a clean slate: a thread that delivered before may be given another order. */
export const receiveOrder: EngineeringNode = async (state, runtime) => {
  const { run, projects } = portsOf(runtime);
  const order = EngineeringOrder.safeParse(state);
  if (!order.success) throw new AppError("invalid_request", `The order for the engineering team cannot be read: ${z.prettifyError(order.error)}`);
  const deliveryId = state.orders === 0 ? run.threadId : uuidv5(`${run.threadId}\n${state.orders}`, DELIVERIES);
  await projects.saveDelivery({ id: deliveryId, projectId: order.data.project_id, request: order.data.request, status: "planning" });
  return {
    orders: state.orders + 1,
    delivery_id: deliveryId,
    plan: null,
    plan_revision: 0,
    plan_remarks: [],
    answer: null,
    asked_again: 0,
    ask_problem: null,
    branch: null,
    base_sha: null,
    baseline_report_id: null,
    base_tests: [],
    known_tests: [],
    round: 0,
    max_rounds: ROUNDS,
    developer_messages: [new RemoveMessage({ id: REMOVE_ALL_MESSAGES })],
    calls_in_round: 0,
    silent_replies: 0,
    recent_actions: [],
    claim: null,
    tree: null,
    tool_questions: [],
    tools_asked: 0,
    attempts: [],
    stuck: null,
    instructions: [],
    result: null,
  };
};
