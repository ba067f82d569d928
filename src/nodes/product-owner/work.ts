import { AIMessage, SystemMessage } from "@langchain/core/messages";
import type { GraphNode } from "@langchain/langgraph";
import { portsOf } from "#graphs/context.ts";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import { emptyAnswerText } from "#prompts/product-owner/trouble.ts";
import { workInstructions } from "#prompts/product-owner/work.ts";
import { makeTools } from "#tools/capabilities.ts";
import { modelHistory } from "../shared/model-history.ts";
import { sayIn } from "../shared/say-in.ts";
import { messageId, tidyAnswer } from "../shared/tidy-answer.ts";
import { answerTrouble } from "./answer-trouble.ts";
import { mcpToolsFor } from "./mcp-tools-for.ts";
import { worksForModel } from "./works-for-model.ts";

/** Model calls of one turn; the last one gets no tools, so that it has to answer. */
export const MAX_CALLS = 7;

/** One call of the model with the tools of this turn: it answers the person, or calls tools. */
export const work: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const ports = portsOf(config);
  const { intent } = state;
  if (intent === null) return {};
  const lastCall = state.turns >= MAX_CALLS - 1;
  const names = lastCall ? [] : state.tools;
  // only names, descriptions and schemas are read here; work_tools makes them again to call them
  const tools = [
    ...makeTools(names, { ports, language: intent.language, deliver: intent.deliver, works: state.works, remember: () => {} }),
    ...(lastCall ? [] : await mcpToolsFor(intent, ports, config.signal)),
  ];
  const model = ports.models.chat(tools.length === 0 ? "writer" : "planner");
  const caller = tools.length === 0 || model.bindTools === undefined ? model : model.bindTools(tools);
  const instructions = workInstructions({ intent, tools: names, works: worksForModel(state.works), waitsFor: state.question?.action ?? null, lastCall });
  const turns = state.turns + 1;
  try {
    const answer = tidyAnswer(
      await caller.invoke([new SystemMessage(instructions), ...modelHistory(state.messages)], config.signal === undefined ? {} : { signal: config.signal }),
      state.messages,
    );
    const called = answer.tool_calls ?? [];
    if (called.length > 0 && !lastCall) return { turns, messages: [answer], ...(state.tools_asked === 0 ? {} : { tool_questions: [], tools_asked: 0 }) };
    if (answer.text.trim() !== "") return { turns, messages: called.length === 0 ? [answer] : [withoutCalls(answer)] };
    const text = await sayIn(intent.language, emptyAnswerText, { models: ports.models, signal: config.signal });
    return { turns, messages: [new AIMessage({ id: messageId(state.messages, "empty"), content: text })] };
  } catch (error) {
    return { turns, ...(await answerTrouble(error, state, { ports, signal: config.signal, firstCall: false })) };
  }
};

/** Tools that were called without having been offered are not run. */
function withoutCalls(answer: AIMessage): AIMessage {
  return new AIMessage({ ...(answer.id === undefined ? {} : { id: answer.id }), content: answer.text });
}
