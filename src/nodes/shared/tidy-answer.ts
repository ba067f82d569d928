import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { v5 as uuidv5 } from "uuid";

const MESSAGES = "0c6f1f0e-5f7c-4f0f-8b39-6d4f0f5f8a11";

/** Arguments that were no JSON travel under this name, so that the model reads what it wrote and the tool node can say so. */
export const MALFORMED = "malformed_arguments";

/** An id that is the same when the node runs again, and belongs to one message of the thread. */
export function messageId(history: readonly BaseMessage[], ...parts: readonly (string | number)[]): string {
  return uuidv5([history.length, history.at(-1)?.id ?? "", ...parts].join("\n"), MESSAGES);
}

/**
 * Makes a model's answer safe to keep. Endpoints repeat message ids (which would overwrite an earlier message) and tool call ids (which
 * are the keys of effects), leave them out, or write arguments that are no JSON. Content and finish data stay as they are.
 */
export function tidyAnswer(answer: BaseMessage, history: readonly BaseMessage[]): AIMessage {
  const usedIds = new Set(history.map((message) => message.id));
  const id = answer.id === undefined || answer.id === "" || usedIds.has(answer.id) ? messageId(history, "answer") : answer.id;
  const usedCalls = new Set(history.flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []).map((call) => call.id) : [])));
  const valid = AIMessage.isInstance(answer) ? (answer.tool_calls ?? []) : [];
  const invalid = AIMessage.isInstance(answer) ? (answer.invalid_tool_calls ?? []) : [];
  const calls = [...valid, ...invalid.map((call) => ({ id: call.id, name: call.name ?? "unknown", args: { [MALFORMED]: call.args ?? "" } }))];
  const toolCalls = calls.map((call, index) => {
    const callId = call.id === undefined || call.id === "" || usedCalls.has(call.id) ? messageId(history, "call", index, call.id ?? "") : call.id;
    usedCalls.add(callId);
    return { id: callId, name: call.name, args: call.args, type: "tool_call" as const };
  });
  const usage = AIMessage.isInstance(answer) ? answer.usage_metadata : undefined;
  return new AIMessage({
    id,
    content: answer.content,
    tool_calls: toolCalls,
    response_metadata: answer.response_metadata,
    ...(usage === undefined ? {} : { usage_metadata: usage }),
  });
}
