import { randomUUID } from "node:crypto";
import type { ChatRole, ModelMode } from "#ports/models.ts";
import { Chunk, WholeAnswer, chunksOf, createAssembly, spoilerOf, type Completion } from "./completion.ts";
import { errorResponse } from "./model-errors.ts";
import type { RecordingWriter, Recordings } from "./recording.ts";
import { replayMiss } from "./replay-miss.ts";
import { WireRequest, canonicalRequest, requestKey, type CanonicalRequest } from "./request-key.ts";
import type { Sender } from "./send-request.ts";

/** Tokens of one model call. `estimated`: the endpoint reported none, so characters were counted (4 to a token). */
export interface ModelUsage {
  role: ChatRole;
  model: string;
  inputTokens: number;
  outputTokens: number;
  durationMs: number;
  replayed: boolean;
  estimated: boolean;
}

export interface ModelFetchOptions {
  role: ChatRole;
  mode: ModelMode;
  recordings: Recordings;
  writer: RecordingWriter | null;
  send: Sender;
  onUsage: (usage: ModelUsage) => void;
}

const EVENT_STREAM = { "content-type": "text/event-stream" };

/**
 * The `fetch` under ChatOpenAI: everything above it runs for real in every mode. A request that a recording holds is answered from it
 * (in `record` too, so that a recording agrees with itself); else `replay` fails with `replay_miss` and the others ask the endpoint.
 * Completion ids are made unique, because endpoints repeat theirs and LangGraph replaces a message by one with the same id; a replayed
 * id follows from the key, so that a node that runs again writes the same message.
 */
export function createModelFetch(options: ModelFetchOptions): typeof fetch {
  const { role, mode, recordings, writer, send, onUsage } = options;

  return async function modelFetch(input, init = {}) {
    const url = input instanceof Request ? input.url : String(input);
    const parsed = WireRequest.safeParse(typeof init.body === "string" ? JSON.parse(init.body) : null);
    if (!parsed.success) return send(url, init);
    const request = canonicalRequest(parsed.data);
    const startedAt = performance.now();
    const report = (answer: Completion, replayed: boolean) =>
      onUsage({
        role,
        model: parsed.data.model,
        inputTokens: answer.usage?.input_tokens ?? estimate(JSON.stringify(request)),
        outputTokens: answer.usage?.output_tokens ?? estimate(answer.content + JSON.stringify(answer.tool_calls)),
        durationMs: Math.round(performance.now() - startedAt),
        replayed,
        estimated: answer.usage === null,
      });

    if (mode !== "live") {
      const key = requestKey(request);
      const known = recordings.find(key);
      if (known !== undefined) {
        init.signal?.throwIfAborted();
        report(known.answer, true);
        return new Response(eventsOf(known.answer, `chatcmpl-${key.slice(0, 24)}`), { headers: EVENT_STREAM });
      }
      if (mode === "replay") return errorResponse(replayMiss(role, request, recordings));
    }

    const response = await send(url, init);
    if (!response.ok || response.body === null) return response;
    const finish = (answer: Completion) => {
      report(answer, false);
      if (mode === "record") record(role, request, answer, recordings, writer);
    };
    const id = `chatcmpl-${randomUUID()}`;
    if (!response.headers.get("content-type")?.includes("event-stream")) {
      const answer = completionOf(WholeAnswer.parse(await response.json()));
      finish(answer);
      return new Response(eventsOf(answer, id), { headers: EVENT_STREAM });
    }
    return new Response(response.body.pipeThrough(passChunks(id, finish)), { headers: EVENT_STREAM });
  };
}

function record(role: ChatRole, request: CanonicalRequest, answer: Completion, recordings: Recordings, writer: RecordingWriter | null): void {
  const key = requestKey(request);
  if (recordings.find(key) !== undefined) return;
  const call = { file: "", key, role, request, answer };
  recordings.add(call);
  writer?.append(call);
}

/** Server-sent events of a stored answer. */
function eventsOf(answer: Completion, id: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const chunks = chunksOf(answer, id);
  return new ReadableStream({
    pull(controller) {
      const next = chunks.next();
      if (!next.done) return controller.enqueue(encoder.encode(`data: ${JSON.stringify(next.value)}\n\n`));
      controller.enqueue(encoder.encode("data: [DONE]\n\n"));
      controller.close();
    },
  });
}

/** Passes a live stream on, line by line, with our id, missing tool call ids filled in and refusals as readable text. */
function passChunks(id: string, finish: (answer: Completion) => void): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const assembly = createAssembly();
  let rest = "";
  let refused = false;
  let finished = false;
  // the SDK stops reading at [DONE], so the end of the stream may never be seen
  const finishOnce = (controller: TransformStreamDefaultController<Uint8Array>) => {
    if (finished) return;
    finished = true;
    const answer = assembly.result();
    for (const [index, call] of answer.tool_calls.entries()) {
      const spoiler = spoilerOf(call.arguments);
      const delta = { tool_calls: [{ index, function: { arguments: spoiler } }] };
      if (spoiler !== "")
        controller.enqueue(
          encoder.encode(`data: ${JSON.stringify({ id, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`),
        );
    }
    finish(answer);
  };
  const pass = (line: string, controller: TransformStreamDefaultController<Uint8Array>) => {
    const data = line.startsWith("data:") ? line.slice(5).trim() : null;
    if (data === "[DONE]") finishOnce(controller);
    const chunk = data === null || data === "[DONE]" ? null : Chunk.safeParse(parseJson(data));
    // an error inside a stream has no choices: the SDK reads it and throws
    if (!chunk?.success || (data !== null && data.includes('"error"') && chunk.data.choices.length === 0))
      return controller.enqueue(encoder.encode(`${line}\n`));
    refused ||= Boolean(chunk.data.choices[0]?.delta?.refusal);
    const ours = { ...tidy(chunk.data, id, refused), id };
    assembly.add(ours);
    controller.enqueue(encoder.encode(`data: ${JSON.stringify(ours)}\n`));
  };
  return new TransformStream({
    transform(bytes, controller) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) pass(line, controller);
    },
    flush(controller) {
      if (rest !== "") pass(rest, controller);
      finishOnce(controller);
    },
  });
}

/** LangChain drops `delta.refusal` and needs ids and indexes on tool calls. */
function tidy(chunk: Chunk, id: string, refused: boolean): Chunk {
  const choice = chunk.choices[0];
  if (choice?.delta === undefined) return chunk;
  const { refusal, ...delta } = choice.delta;
  const toolCalls = delta.tool_calls?.map((call, position) => {
    const index = call.index ?? position;
    return { ...call, index, ...(call.function?.name && !call.id ? { id: `call_${id.slice(9, 17)}_${index}` } : {}) };
  });
  const finish = refused && choice.finish_reason ? "refusal" : choice.finish_reason;
  const spoken = { ...delta, ...(refusal ? { content: refusal } : {}), ...(toolCalls ? { tool_calls: toolCalls } : {}) };
  return { ...chunk, choices: [{ ...choice, delta: spoken, finish_reason: finish ?? null }] };
}

function completionOf(answer: WholeAnswer): Completion {
  const choice = answer.choices[0];
  const message = choice?.message;
  return {
    content: message?.content ?? message?.refusal ?? "",
    tool_calls: (message?.tool_calls ?? []).map((call, index) => ({
      id: call.id || `call_${index}`,
      name: call.function?.name ?? "",
      arguments: call.function?.arguments ?? "",
    })),
    finish_reason: message?.refusal ? "refusal" : (choice?.finish_reason ?? "stop"),
    usage: answer.usage ? { input_tokens: answer.usage.prompt_tokens, output_tokens: answer.usage.completion_tokens } : null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function estimate(text: string): number {
  return Math.ceil(text.length / 4);
}
