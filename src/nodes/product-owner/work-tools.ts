import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { ToolInputParsingException, type StructuredToolInterface } from "@langchain/core/tools";
import { isGraphBubbleUp, type GraphNode } from "@langchain/langgraph";
import { isAppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import { makeTools } from "#tools/capabilities.ts";
import type { StartedWork } from "#tools/started-work.ts";
import { admitCalls, type Admission, type WishedCall } from "../shared/admit-calls.ts";
import { MALFORMED } from "../shared/tidy-answer.ts";
import { mcpToolsFor } from "./mcp-tools-for.ts";

interface Call {
  id?: string;
  name: string;
  args: Record<string, unknown>;
}

/**
 * Runs the calls of the last answer, one after the other: a second start of the same delivery must see the first. Before any of them the
 * rules are asked, and whoever they ask: until then it does nothing but hand on the questions. Each effect is keyed by
 * its call, so a node that died on the way runs again without a second effect. What a model can put right comes back as text; a broken
 * machine throws.
 */
export const workTools: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const ports = portsOf(config);
  const works: Record<string, StartedWork> = { ...state.works };
  const remember = (started: StartedWork) => {
    works[started.call] = started;
  };
  const { intent } = state;
  const context = { ports, language: state.language, deliver: intent?.deliver ?? "service", works, remember } as const;
  const offered = [...makeTools(state.tools, context), ...(intent === null ? [] : await mcpToolsFor(intent, ports, config.signal))];
  const tools = new Map<string, StructuredToolInterface>(offered.map((tool) => [tool.name, tool]));
  // news of a team may stand behind it
  const answer = state.messages.findLast((message) => AIMessage.isInstance(message) && (message.tool_calls ?? []).length > 0);
  const calls: Call[] = AIMessage.isInstance(answer) ? (answer.tool_calls ?? []) : [];
  const { admitted, questions } = await admitCalls(ports, callsOf(calls, tools), {
    answer: answer?.id ?? "",
    asked: state.tools_asked,
    projectId: null,
    language: state.language,
  });
  if (questions.length > 0) return { tool_questions: questions, tools_asked: state.tools_asked + 1 };
  const messages: ToolMessage[] = [];
  for (const [index, call] of calls.entries()) {
    config.signal?.throwIfAborted();
    const { content, status } = await runAdmitted(call, tools, admitted.get(index));
    const id = call.id ?? "";
    messages.push(new ToolMessage({ id: `${id}:result`, tool_call_id: id, name: call.name, content, status }));
  }
  return { messages, works, ...(state.tools_asked === 0 ? {} : { tool_questions: [], tools_asked: 0 }) };
};

/** The calls that would do something; what is no tool, or no call, is answered with what is wrong. */
function callsOf(calls: readonly Call[], tools: ReadonlyMap<string, StructuredToolInterface>): WishedCall[] {
  return calls.flatMap((call, index) => {
    const tool = tools.get(call.name);
    return tool === undefined || MALFORMED in call.args ? [] : [{ index, id: call.id ?? "", tool, args: call.args }];
  });
}

async function runAdmitted(
  call: Call,
  tools: ReadonlyMap<string, StructuredToolInterface>,
  admission: Admission | undefined,
): Promise<{ content: string; status: "success" | "error" }> {
  if (admission === undefined) return run(call, tools);
  if ("result" in admission) return { content: admission.result, status: "success" };
  const { content, status } = await run({ ...call, args: admission.args }, tools);
  return { content: admission.remark === null ? content : `${admission.remark}\n${content}`, status };
}

async function run(call: Call, tools: ReadonlyMap<string, StructuredToolInterface>): Promise<{ content: string; status: "success" | "error" }> {
  const failed = (content: string) => ({ content, status: "error" as const });
  const tool = tools.get(call.name);
  if (tool === undefined)
    return failed(`There is no tool "${call.name}" for this message. ${tools.size === 0 ? "There are none." : `There are: ${[...tools.keys()].join(", ")}.`}`);
  if (MALFORMED in call.args) return failed("The arguments were no JSON object. Call the tool again with arguments that fit its schema.");
  try {
    const result: unknown = await tool.invoke({ ...call, type: "tool_call" });
    return { content: ToolMessage.isInstance(result) ? result.text : String(result), status: "success" };
  } catch (error) {
    if (isGraphBubbleUp(error)) throw error;
    if (error instanceof ToolInputParsingException) return failed(`The arguments do not fit the tool's schema: ${error.message}`);
    if (isAppError(error) && error.terminal) return failed(`It did not work: ${error.message}`);
    throw error;
  }
}
