import { ToolMessage, type BaseMessage } from "@langchain/core/messages";

/** Characters of tool results a model call may carry; beyond, the oldest are shortened. */
const BUDGET = 120_000;
const SHORTENED = 400;

/**
 * The conversation as it is sent: when the tool results of a long round outgrow the budget, the oldest ones are shortened, never the
 * pairing of calls and results. A function of the messages alone, so that a replayed round sends the same.
 */
export function withinBudget(messages: readonly BaseMessage[], budget = BUDGET): BaseMessage[] {
  let excess = messages.reduce((sum, message) => sum + message.text.length, 0) - budget;
  return messages.map((message) => {
    if (excess <= 0 || !ToolMessage.isInstance(message) || message.text.length <= SHORTENED * 2) return message;
    const text = `${message.text.slice(0, SHORTENED)}\n[… shortened; call the tool again if you need it …]`;
    excess -= message.text.length - text.length;
    return new ToolMessage({
      ...(message.id === undefined ? {} : { id: message.id }),
      tool_call_id: message.tool_call_id,
      ...(message.name === undefined ? {} : { name: message.name }),
      content: text,
    });
  });
}
