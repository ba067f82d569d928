import { END, START, StateGraph } from "@langchain/langgraph";
import { withStepBudget } from "../step-budget.ts";
import { analyst } from "#nodes/engineering/analyst.ts";
import { askPlanApproval } from "#nodes/engineering/ask-plan-approval.ts";
import { commitAttempt } from "#nodes/engineering/commit-attempt.ts";
import { developerTools } from "#nodes/engineering/developer-tools.ts";
import { developer } from "#nodes/engineering/developer.ts";
import { escalate } from "#nodes/engineering/escalate.ts";
import { preparer } from "#nodes/engineering/preparer.ts";
import { promote } from "#nodes/engineering/promote.ts";
import { receiveOrder } from "#nodes/engineering/receive-order.ts";
import { report } from "#nodes/engineering/report.ts";
import { rework } from "#nodes/engineering/rework.ts";
import { tester } from "#nodes/engineering/tester.ts";
import { askTool } from "#nodes/shared/ask-tool.ts";
import { isPlanApproved, isThereSomethingToTest, mayGoOn, mayPrepare, mayPromote, needsRework, wantsTools, whatFollowsTools } from "./edges.ts";
import { RETRY_PASSING } from "./retry.ts";
import { EngineeringState } from "./state.ts";

/** Room for 20 rounds of 40 calls. */
const STEPS = 2_000;

/**
 * From a request to a commit whose tests were run green by the harness.
 *
 *   order -> plan <-> person -> prepared workspace -> (developer <-> tools -> commit -> tests)* -> branch -> result
 *                                                                     tools <-> person, where a rule asks
 *
 * Loops are flat: one model call or one batch of tools is a checkpoint, so a delivery can be forked and resumed at any of them.
 */
export const engineering = withStepBudget(
  new StateGraph(EngineeringState)
    .setNodeDefaults({ retryPolicy: RETRY_PASSING })
    .addNode("receive_order", receiveOrder)
    .addNode("analyst", analyst)
    .addNode("ask_plan_approval", askPlanApproval)
    .addNode("preparer", preparer)
    .addNode("developer", developer)
    .addNode("developer_tools", developerTools)
    .addNode("ask_tool", askTool)
    .addNode("commit_attempt", commitAttempt)
    .addNode("tester", tester)
    .addNode("promote", promote)
    .addNode("rework", rework)
    .addNode("escalate", escalate)
    .addNode("report", report)
    .addEdge(START, "receive_order")
    .addEdge("receive_order", "analyst")
    .addEdge("analyst", "ask_plan_approval")
    .addConditionalEdges("ask_plan_approval", isPlanApproved, ["preparer", "promote", "analyst", "report", "ask_plan_approval"])
    .addConditionalEdges("preparer", mayPrepare, ["developer", "ask_plan_approval"])
    .addConditionalEdges("developer", wantsTools, ["developer_tools", "developer", "commit_attempt", "escalate"])
    .addConditionalEdges("developer_tools", whatFollowsTools, ["ask_tool", "developer", "commit_attempt", "escalate"])
    .addEdge("ask_tool", "developer_tools")
    .addConditionalEdges("commit_attempt", isThereSomethingToTest, ["tester", "rework", "escalate"])
    .addConditionalEdges("tester", needsRework, ["promote", "rework", "escalate"])
    .addEdge("rework", "developer")
    .addConditionalEdges("escalate", mayGoOn, ["rework", "report", "escalate"])
    .addConditionalEdges("promote", mayPromote, ["report", "ask_plan_approval"])
    .addEdge("report", END),
  STEPS,
);
