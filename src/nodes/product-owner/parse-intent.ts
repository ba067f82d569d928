import { AIMessage, HumanMessage, SystemMessage, type BaseMessage } from "@langchain/core/messages";
import type { GraphNode } from "@langchain/langgraph";
import { isAppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { Intent, type ProductOwnerState } from "#graphs/product-owner/state.ts";
import { intentInstructions, intentMaterial, type TranscriptLine } from "#prompts/product-owner/parse-intent.ts";
import { guessLanguage } from "#prompts/product-owner/trouble.ts";
import { askStructured } from "../shared/ask-structured.ts";
import { lastHuman } from "../shared/model-history.ts";
import { answerTrouble } from "./answer-trouble.ts";
import { worksForModel } from "./works-for-model.ts";

const REMEMBERED = 16;

/**
 * Sorts the newest message on the cheap role: what it is, in which language, which tools it needs, whether it is clear. It is the first
 * model call of a turn, so this is where a missing model or recording is told in the chat. A classifier that answers nonsense does not
 * stop the conversation: the message is then handled as a question, with every tool that changes nothing.
 */
export const parseIntent: GraphNode<typeof ProductOwnerState> = async (state, config) => {
  const ports = portsOf(config);
  const newest = lastHuman(state.messages);
  const text = newest?.text ?? "";
  // what was asked about a call of the turn before is not asked any more: the call counts as stopped
  const begun = { handled: newest?.id ?? null, turns: 0, tools: [], problem: null, tool_questions: [], tools_asked: 0 };
  try {
    const intent = await askStructured(ports.models.chat("intent"), {
      name: "sort_message",
      description: "Files the newest message.",
      schema: Intent,
      messages: [
        new SystemMessage(intentInstructions),
        new HumanMessage(intentMaterial({ before: transcript(state.messages), newest: text, works: worksForModel(state.works) })),
      ],
      signal: config.signal,
    });
    const language = plausibleLanguage(intent.language, text);
    return { ...begun, language, intent: { ...intent, language } };
  } catch (error) {
    if (isAppError(error) && error.code === "model_answer_unusable") {
      const language = guessLanguage(text);
      return {
        ...begun,
        language,
        intent: { kind: "ask", language, groups: ["projects", "delivery", "operations"], clear: false, missing: [], deliver: "service" },
      };
    }
    const answer = await answerTrouble(error, state, { ports, signal: config.signal, firstCall: true });
    return { ...begun, intent: null, language: guessLanguage(text), ...answer };
  }
};

function transcript(messages: readonly BaseMessage[]): TranscriptLine[] {
  const newest = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const before = messages.slice(0, Math.max(newest, 0));
  const lines = before.flatMap((message): TranscriptLine[] => {
    if (message.text.trim() === "") return [];
    if (HumanMessage.isInstance(message)) return [{ who: "person", text: message.text }];
    return AIMessage.isInstance(message) ? [{ who: "you", text: message.text }] : [];
  });
  return lines.slice(-REMEMBERED);
}

/** A tag that is none would end up in prompts and orders; the script of the message is a better guess then. */
function plausibleLanguage(language: string, text: string): string {
  return /^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/u.test(language) ? language : guessLanguage(text);
}
