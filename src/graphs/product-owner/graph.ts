import { END, START, StateGraph } from "@langchain/langgraph";
import { announce } from "#nodes/product-owner/announce.ts";
import { askApproval } from "#nodes/product-owner/ask-approval.ts";
import { chooseCapabilities } from "#nodes/product-owner/choose-capabilities.ts";
import { collectApprovals } from "#nodes/product-owner/collect-approvals.ts";
import { forwardDecision } from "#nodes/product-owner/forward-decision.ts";
import { parseIntent } from "#nodes/product-owner/parse-intent.ts";
import { startDevops } from "#nodes/product-owner/start-devops.ts";
import { workTools } from "#nodes/product-owner/work-tools.ts";
import { work } from "#nodes/product-owner/work.ts";
import { askTool } from "#nodes/shared/ask-tool.ts";
import { isAnswered, isIntentKnown, isSomethingAsked, wantsTools, whatArrived, whatFollowsTheNews, whatFollowsTools } from "./edges.ts";
import { ProductOwnerState } from "./state.ts";

/**
 * The one a person talks to. A turn begins with a message (sort it, load just its tools, work) or with news of a team (tell it, go on to
 * deployment when that is the next step), and always ends with what the teams still ask, shown in this thread:
 *
 *   message -> parse_intent -> choose_capabilities -> work <-> work_tools [<-> ask_tool, where a rule asks]
 *   news    -> announce [-> start_devops]
 *   both    -> collect_approvals [-> ask_approval -> forward_decision -> collect_approvals] -> end
 *
 * The teams run on threads of their own; the chat stays free while they work. Steps of a turn are bounded by `MAX_CALLS`, below
 * LangGraph's default recursion limit.
 */
export const productOwner = new StateGraph(ProductOwnerState)
  .addNode("parse_intent", parseIntent)
  .addNode("choose_capabilities", chooseCapabilities)
  .addNode("work", work)
  .addNode("work_tools", workTools)
  .addNode("ask_tool", askTool)
  .addNode("announce", announce)
  .addNode("start_devops", startDevops)
  .addNode("collect_approvals", collectApprovals)
  .addNode("ask_approval", askApproval)
  .addNode("forward_decision", forwardDecision)
  .addConditionalEdges(START, whatArrived, ["parse_intent", "announce", "collect_approvals"])
  .addConditionalEdges("parse_intent", isIntentKnown, ["choose_capabilities", "collect_approvals"])
  .addEdge("choose_capabilities", "work")
  .addConditionalEdges("work", wantsTools, ["work_tools", "collect_approvals"])
  .addConditionalEdges("work_tools", whatFollowsTools, ["ask_tool", "work"])
  .addEdge("ask_tool", "work_tools")
  .addConditionalEdges("announce", whatFollowsTheNews, ["start_devops", "parse_intent", "collect_approvals"])
  .addEdge("start_devops", "collect_approvals")
  .addConditionalEdges("collect_approvals", isSomethingAsked, ["ask_approval", "work_tools", END])
  .addConditionalEdges("ask_approval", isAnswered, ["forward_decision", "collect_approvals"])
  .addEdge("forward_decision", "collect_approvals");
