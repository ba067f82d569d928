import { z } from "zod";

/** One whole answer of a model, as recordings keep it. Arguments stay the raw text the model wrote, malformed or not. */
export const Completion = z.object({
  content: z.string(),
  tool_calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
  /** `stop`, `tool_calls`, `length`, `content_filter`, or `refusal` when the model declined (its words are the content). */
  finish_reason: z.string(),
  usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }).nullable(),
});
export type Completion = z.infer<typeof Completion>;

const Usage = z.looseObject({ prompt_tokens: z.number(), completion_tokens: z.number() });

const ToolCallDelta = z.looseObject({
  index: z.number().optional(),
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() }).optional(),
});

const Delta = z.looseObject({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(ToolCallDelta).nullish(),
});

/** A chunk of a streamed completion; unknown fields pass through untouched. */
export const Chunk = z.looseObject({
  id: z.string().optional(),
  choices: z.array(z.looseObject({ index: z.number().optional(), delta: Delta.optional(), finish_reason: z.string().nullish() })).default([]),
  usage: Usage.nullish(),
});
export type Chunk = z.infer<typeof Chunk>;

/** A completion that was not streamed, from endpoints that ignore `stream`. */
export const WholeAnswer = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ content: z.string().nullish(), refusal: z.string().nullish(), tool_calls: z.array(ToolCallDelta).nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: Usage.nullish(),
});

export type WholeAnswer = z.infer<typeof WholeAnswer>;

/** Builds a `Completion` from chunks as they pass by. */
export function createAssembly(): { add(chunk: Chunk): void; result(): Completion } {
  const completion: Completion = { content: "", tool_calls: [], finish_reason: "stop", usage: null };
  return {
    add(chunk) {
      if (chunk.usage) completion.usage = { input_tokens: chunk.usage.prompt_tokens, output_tokens: chunk.usage.completion_tokens };
      const choice = chunk.choices[0];
      if (choice === undefined) return;
      completion.content += choice.delta?.content ?? "";
      if (choice.finish_reason) completion.finish_reason = choice.finish_reason;
      for (const part of choice.delta?.tool_calls ?? []) {
        const index = part.index ?? 0;
        const call = (completion.tool_calls[index] ??= { id: "", name: "", arguments: "" });
        if (part.id) call.id = part.id;
        call.name += part.function?.name ?? "";
        call.arguments += part.function?.arguments ?? "";
      }
    },
    result: () => ({ ...completion, tool_calls: completion.tool_calls.filter((call) => call !== undefined) }),
  };
}

/**
 * LangChain completes half a JSON ("{"path": "a" becomes {path: "a"}) and calls it valid, so an answer cut by its length limit would
 * write half a file. This tail, sent after arguments that are no JSON object, makes every prefix unreadable: the call becomes invalid.
 */
const SPOILER = '"!"!';

/** What to send after these arguments: nothing when they are whole. */
export function spoilerOf(text: string): string {
  if (text.trim() === "") return "";
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? "" : SPOILER;
  } catch {
    return SPOILER;
  }
}

/** The chunks a streaming endpoint would have sent for this answer, small enough that a reader sees it grow. */
export function* chunksOf(completion: Completion, id: string): Generator<Record<string, unknown>> {
  const head = { id, object: "chat.completion.chunk", created: 0, model: "recorded" };
  const chunk = (delta: Record<string, unknown>, finish: string | null = null) => ({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] });
  yield chunk({ role: "assistant", content: "" });
  for (const word of completion.content.match(/\s*\S+|\s+$/g) ?? []) yield chunk({ content: word });
  for (const [index, call] of completion.tool_calls.entries()) {
    yield chunk({ tool_calls: [{ index, id: call.id, type: "function", function: { name: call.name, arguments: "" } }] });
    for (const part of (call.arguments + spoilerOf(call.arguments)).match(/[\s\S]{1,400}/g) ?? [])
      yield chunk({ tool_calls: [{ index, function: { arguments: part } }] });
  }
  yield chunk({}, completion.finish_reason);
  if (completion.usage !== null) {
    const { input_tokens, output_tokens } = completion.usage;
    yield { ...head, choices: [], usage: { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens: input_tokens + output_tokens } };
  }
}
