import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";

const KEPT = 60;

/**
 * What of a conversation a model gets to read: the newest turns, from a person's message on, with every tool call answered. A turn that
 * was cancelled between a call and its result leaves a call without an answer, which endpoints refuse; here it gets one.
 */
export function modelHistory(messages: readonly BaseMessage[]): BaseMessage[] {
  const whole = messages.length <= KEPT ? messages : messages.slice(turnStart(messages));
  const results = new Map(whole.flatMap((message) => (ToolMessage.isInstance(message) ? [[message.tool_call_id, message] as const] : [])));
  return whole.flatMap((message): BaseMessage[] => {
    if (ToolMessage.isInstance(message)) return [];
    if (!AIMessage.isInstance(message)) return [message];
    const calls = message.tool_calls ?? [];
    if (calls.length === 0) return message.text.trim() === "" ? [] : [message];
    return [
      message,
      ...calls.map(
        (call) =>
          results.get(call.id ?? "") ??
          new ToolMessage({
            tool_call_id: call.id ?? "",
            name: call.name,
            status: "error",
            content: "Stopped before it ran. Call it again if it is still wanted.",
          }),
      ),
    ];
  });
}

function turnStart(messages: readonly BaseMessage[]): number {
  const from = messages.findIndex((message, index) => index >= messages.length - KEPT && HumanMessage.isInstance(message));
  return from >= 0 ? from : messages.findLastIndex((message) => HumanMessage.isInstance(message));
}

/** The newest message of the person, or undefined when a thread was woken without one. */
export function lastHuman(messages: readonly BaseMessage[]): BaseMessage | undefined {
  return messages.findLast((message) => HumanMessage.isInstance(message));
}
