import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";

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

/**
 * Reads what a chat model answered. Use it instead of `message.tool_calls`: LangChain completes half a JSON (an answer cut by its length
 * limit, say) and hands it over as valid, which would write half a file.
 */
export function readModelAnswer(answer: BaseMessage): ModelAnswer {
  const malformed: MalformedCall[] = [];
  const finish = String(answer.response_metadata["finish_reason"] ?? "");
  const calls =
    AIMessageChunk.isInstance(answer) && (answer.tool_call_chunks?.length ?? 0) > 0 ? strictCalls(answer, malformed) : plainCalls(answer, malformed);
  const message = new AIMessage({
    ...(answer.id === undefined ? {} : { id: answer.id }),
    content: answer.text,
    tool_calls: calls,
    response_metadata: { finish_reason: finish },
    ...(AIMessage.isInstance(answer) && answer.usage_metadata ? { usage_metadata: answer.usage_metadata } : {}),
  });
  return { message, text: answer.text, malformed, refused: finish === "refusal" || finish === "content_filter" };
}

type Calls = NonNullable<AIMessage["tool_calls"]>;

function strictCalls(answer: AIMessageChunk, malformed: MalformedCall[]): Calls {
  return (answer.tool_call_chunks ?? []).map((chunk, index) => {
    const id = chunk.id ?? `call_${index}`;
    const name = chunk.name ?? "";
    const raw = chunk.args ?? "";
    const args = parseObject(raw);
    if (args === null) malformed.push({ id, name, raw });
    return { id, name, args: args ?? {}, type: "tool_call" };
  });
}

function plainCalls(answer: BaseMessage, malformed: MalformedCall[]): Calls {
  if (!AIMessage.isInstance(answer)) return [];
  const invalid = (answer.invalid_tool_calls ?? []).map((call, index) => ({ id: call.id ?? `invalid_${index}`, name: call.name ?? "", raw: call.args ?? "" }));
  malformed.push(...invalid);
  return [...(answer.tool_calls ?? []), ...invalid.map(({ id, name }) => ({ id, name, args: {}, type: "tool_call" as const }))];
}

function parseObject(raw: string): Record<string, unknown> | null {
  if (raw.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(raw);
    // a JSON object has string keys
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
