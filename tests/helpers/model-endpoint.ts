import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A local OpenAI-compatible endpoint over real HTTP. The script decides each answer: a list is answered in order (then 500), a function
 * sees the request. Every completion has an id of its own.
 */
export interface ModelRequest {
  model: string;
  messages: { role: string; content: string | null; tool_calls?: { id: string; function: { name: string; arguments: string } }[]; tool_call_id?: string }[];
  tools?: { type: string; function: { name: string; description?: string; parameters: unknown } }[];
  tool_choice?: unknown;
  stream?: boolean;
  [other: string]: unknown;
}

export interface ToolCallReply {
  name: string;
  /** An object, or the raw text a careless model writes. */
  arguments: Record<string, unknown> | string;
  id?: string;
}

export interface ModelReply {
  text?: string;
  toolCalls?: ToolCallReply[];
  /** The model declines in the field made for it. */
  refusal?: string;
  /** `null`: the endpoint reports no usage. */
  usage?: { input: number; output: number } | null;
  finishReason?: string;
  /** An HTTP failure instead of an answer. */
  status?: number;
  message?: string;
  headers?: Record<string, string>;
  /** `start`: never a header; `middle`: silence after the first token; `break`: the connection is cut after the first token. */
  trouble?: "start" | "middle" | "break";
  /** Answer in one JSON document although a stream was asked for. */
  whole?: boolean;
  /** Asked before each word of a stream, counted from 0; a test that wants to see half an answer waits here. */
  beforeWord?: (index: number) => Promise<void> | void;
}

export type ModelScript = readonly ModelReply[] | ((request: ModelRequest, call: number) => ModelReply | Promise<ModelReply>);

export interface ModelEndpoint extends AsyncDisposable {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  /** Every request, in order of arrival, failures included. */
  readonly requests: readonly ModelRequest[];
  close(): Promise<void>;
}

export async function startModelEndpoint(script: ModelScript): Promise<ModelEndpoint> {
  const requests: ModelRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      if (!outgoing.headersSent)
        sendJson(outgoing, 500, { error: { message: `the script failed: ${error instanceof Error ? error.message : String(error)}` } });
      else outgoing.destroy();
    });
  });

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of incoming) text += String(part);
    if (!incoming.url?.endsWith("/chat/completions")) return sendJson(outgoing, 404, { error: { message: `no ${incoming.url} here` } });
    // the client under test is the only one that talks to this server
    const request = JSON.parse(text) as ModelRequest;
    const call = requests.push(request);
    const reply =
      typeof script === "function" ? await script(request, call - 1) : (script[call - 1] ?? { status: 500, message: `the script has no answer ${call}` });
    await send(request, reply, call, outgoing);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // an AF_INET server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  };
  return { url: `http://127.0.0.1:${port}/v1`, requests, close, [Symbol.asyncDispose]: close };
}

async function send(request: ModelRequest, reply: ModelReply, call: number, outgoing: ServerResponse): Promise<void> {
  if (reply.trouble === "start") return;
  if (reply.status !== undefined && reply.status !== 200) {
    return sendJson(outgoing, reply.status, { error: { message: reply.message ?? `status ${reply.status}` } }, reply.headers);
  }
  const toolCalls = (reply.toolCalls ?? []).map((tool, index) => ({
    index,
    id: tool.id ?? `call_${call}_${index}`,
    type: "function",
    function: { name: tool.name, arguments: typeof tool.arguments === "string" ? tool.arguments : JSON.stringify(tool.arguments) },
  }));
  const finish = reply.finishReason ?? (toolCalls.length > 0 ? "tool_calls" : "stop");
  const used = reply.usage === undefined ? { input: 100 + call, output: 10 + call } : reply.usage;
  const usage = used === null ? {} : { usage: { prompt_tokens: used.input, completion_tokens: used.output, total_tokens: used.input + used.output } };
  const head = { id: `chatcmpl-test-${call}`, created: 1_700_000_000, model: request.model };

  if (!request.stream || reply.whole) {
    const message = {
      role: "assistant",
      content: reply.text ?? null,
      ...(reply.refusal === undefined ? {} : { refusal: reply.refusal }),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls.map(({ index: _index, ...tool }) => tool) } : {}),
    };
    return sendJson(outgoing, 200, { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: finish }], ...usage });
  }

  outgoing.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache", ...reply.headers });
  const chunk = (delta: Record<string, unknown>, reason: string | null = null) =>
    outgoing.write(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`);
  chunk({ role: "assistant", content: "" });
  for (const [index, word] of ((reply.text ?? "").match(/\s*\S+|\s+$/g) ?? []).entries()) {
    await reply.beforeWord?.(index);
    chunk({ content: word });
    if (reply.trouble === "middle") return;
    if (reply.trouble === "break") {
      await new Promise((resolve) => outgoing.write(": cut\n\n", resolve));
      outgoing.destroy();
      return;
    }
  }
  if (reply.refusal !== undefined) chunk({ refusal: reply.refusal });
  for (const tool of toolCalls) {
    chunk({ tool_calls: [{ ...tool, function: { name: tool.function.name, arguments: "" } }] });
    for (const part of tool.function.arguments.match(/[\s\S]{1,64}/g) ?? []) chunk({ tool_calls: [{ index: tool.index, function: { arguments: part } }] });
  }
  chunk({}, finish);
  if (used !== null) outgoing.write(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [], ...usage })}\n\n`);
  outgoing.end("data: [DONE]\n\n");
}

function sendJson(outgoing: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, { "content-type": "application/json", ...headers });
  outgoing.end(JSON.stringify(body));
}
