import { AIMessage, type BaseMessage } from "@langchain/core/messages";

/** A tool call whose arguments are not JSON: answer it with an error, never run it. */
export interface MalformedCall {
  id: string;
  name: string;
  /** What the model wrote. */
  raw: string;
}

export interface ModelAnswer {
  /** The message to keep: plain, with strict tool calls; a malformed one is kept with empty arguments so that it can be answered. */
  message: AIMessage;
  text: string;
  malformed: MalformedCall[];
  /** The model declined; `text` says why. */
  refused: boolean;
}

/** Reads what a chat model answered into a message that is safe to keep and to send again. */
export function readModelAnswer(answer: BaseMessage): ModelAnswer {
  const finish = String(answer.response_metadata["finish_reason"] ?? "");
  const given = AIMessage.isInstance(answer) ? answer : new AIMessage(answer.text);
  const malformed = (given.invalid_tool_calls ?? []).map((call, index) => ({
    id: call.id ?? `malformed_${index}`,
    name: call.name ?? "",
    raw: call.args ?? "",
  }));
  const unread = malformed.map(({ id, name }) => ({ id, name, args: {}, type: "tool_call" as const }));
  const message = new AIMessage({
    ...(answer.id === undefined ? {} : { id: answer.id }),
    content: answer.text,
    tool_calls: [...(given.tool_calls ?? []), ...unread],
    // only the ones above are sent again; these keep what was written
    invalid_tool_calls: malformed.map(({ id, name, raw }) => ({ id, name, args: raw, type: "invalid_tool_call" as const })),
    response_metadata: { finish_reason: finish },
    ...(given.usage_metadata ? { usage_metadata: given.usage_metadata } : {}),
  });
  return { message, text: answer.text, malformed, refused: finish === "refusal" || finish === "content_filter" };
}
