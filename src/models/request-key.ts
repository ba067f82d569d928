import { createHash } from "node:crypto";
import { z } from "zod";
import { normalise } from "./normalisers.ts";

const WireToolCall = z.looseObject({ id: z.string().nullish(), function: z.looseObject({ name: z.string(), arguments: z.string().default("") }) });

const WireMessage = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).nullish(),
  name: z.string().nullish(),
  tool_calls: z.array(WireToolCall).nullish(),
  tool_call_id: z.string().nullish(),
});

/** The body of a chat completion request, as far as we look into it. */
export const WireRequest = z.looseObject({
  model: z.string(),
  messages: z.array(WireMessage),
  tools: z.array(z.unknown()).nullish(),
  stream: z.boolean().nullish(),
});
export type WireRequest = z.infer<typeof WireRequest>;

export interface CanonicalMessage {
  role: string;
  content: string;
  name?: string;
  tool_calls?: { id: string; name: string; arguments: string }[];
  tool_call_id?: string;
}

/** What makes two requests the same: everything the model reads, nothing of who asks, where and when. */
export interface CanonicalRequest {
  messages: CanonicalMessage[];
  tools: unknown[];
  /** tool_choice, response_format, stop, temperature … with sorted keys. */
  params: Record<string, unknown>;
}

/** The model's name is left out, so a recording answers whatever MODEL says; how the answer travels is no part of the question. */
const NOT_IN_KEY = new Set(["model", "messages", "tools", "stream", "stream_options", "user", "prompt_cache_key"]);

/** Tool call ids are replaced by their order of appearance: endpoints make them up anew each time. */
export function canonicalRequest(request: WireRequest): CanonicalRequest {
  const ordinals = new Map<string, string>();
  const ordinal = (id: string | null | undefined) => {
    if (id === null || id === undefined) return "call_0";
    const known = ordinals.get(id) ?? `call_${ordinals.size + 1}`;
    ordinals.set(id, known);
    return known;
  };
  const messages = request.messages.map((message): CanonicalMessage => {
    const canonical: CanonicalMessage = {
      // reasoning models get the system text under another role, by their name alone
      role: message.role === "developer" ? "system" : message.role,
      content: normalise(textOf(message.content)),
    };
    if (message.name) canonical.name = message.name;
    if (message.tool_calls?.length) {
      canonical.tool_calls = message.tool_calls.map((call) => ({
        id: ordinal(call.id),
        name: call.function.name,
        arguments: normalise(call.function.arguments),
      }));
    }
    if (message.tool_call_id) canonical.tool_call_id = ordinal(message.tool_call_id);
    return canonical;
  });
  const params = Object.fromEntries(Object.entries(request).filter(([name, value]) => !NOT_IN_KEY.has(name) && value !== undefined && value !== null));
  return { messages, tools: request.tools ?? [], params };
}

/** sha256 of the canonical request. */
export function requestKey(request: CanonicalRequest): string {
  return createHash("sha256").update(stableJson(request)).digest("hex");
}

/** JSON with sorted keys. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function textOf(content: z.infer<typeof WireMessage>["content"]): string {
  if (content === null || content === undefined) return "";
  if (typeof content === "string") return content;
  return content.map((part) => part.text ?? stableJson(part)).join("\n");
}
