/** Every way to ask besides plain requests, as one row: event streams, waiting requests, WebSockets, protocol v2, MCP and A2A. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { WebSocket } from "ws";
import type { World } from "./world.ts";

/** What ada says on her threads: in their values, their questions, and the description of her assistant. */
export const NOTE = "canary-of-ada";

/** What a row is about; all of it ada's. */
export interface Desk {
  thread: string;
  run: string;
  /** Of the run's question. */
  interrupt: string;
  checkpoint: string;
  assistant: string;
}

type Credential = Record<string, string>;
export type Sending =
  | { method: "GET" | "POST"; path: string; body?: unknown; headers?: Record<string, string> }
  /** On the WebSocket of a thread. */
  | { socket: string; command: { id: number; method: string; params?: unknown } };

export interface TransportRow {
  /** The route below it, as `route-rows.ts` names it; a WebSocket's begins with `WS`. */
  route: string;
  send(desk: Desk): Sending;
  /** Changes something, so a credential that may only read is refused. */
  changes?: true;
  /** What ada's answer holds: her note unless told; null where there is nothing of hers to tell. */
  tells?: ((desk: Desk) => string) | null;
  /** Asks for nothing that is anybody's: everybody is answered, each with their own. */
  shared?: true;
  /** What stays open or waits, so that a credential can end in the middle. */
  opens?: true;
  /** What the row makes of ada's gate instead of `send`, to be open until the gate is. */
  wait?(gate: Record<string, unknown>): Sending;
}

const RUN = { assistant_id: "desk", input: { note: null, gate: null }, if_not_exists: "create", multitask_strategy: "enqueue" };
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Sending => ({ method: "POST", path, body, headers });
const replayed = { "last-event-id": "-1" };

const STREAMS: Record<string, TransportRow> = {
  "v1 stream of a thread": {
    route: "GET /threads/:thread_id/stream",
    send: ({ thread }) => ({ method: "GET", path: `/threads/${thread}/stream`, headers: { "last-event-id": "-" } }),
    opens: true,
  },
  "join of a stream": {
    route: "GET /threads/:thread_id/runs/:run_id/stream",
    send: ({ thread, run }) => ({ method: "GET", path: `/threads/${thread}/runs/${run}/stream`, headers: replayed }),
    opens: true,
  },
  "join of a stream by its run": {
    route: "GET /runs/:run_id/stream",
    send: ({ run }) => ({ method: "GET", path: `/runs/${run}/stream`, headers: replayed }),
    opens: true,
  },
  "join of a run": {
    route: "GET /threads/:thread_id/runs/:run_id/join",
    send: ({ thread, run }) => ({ method: "GET", path: `/threads/${thread}/runs/${run}/join` }),
    opens: true,
  },
  "v2 events": {
    route: "POST /threads/:thread_id/stream/events",
    send: ({ thread }) => post(`/threads/${thread}/stream/events`, { channels: ["values"] }),
    opens: true,
  },
  events: {
    route: "GET /events/stream",
    send: () => ({ method: "GET", path: "/events/stream?after=0" }),
    shared: true,
    tells: ({ thread }) => thread,
    opens: true,
  },
  run: {
    route: "POST /threads/:thread_id/runs",
    send: ({ thread }) => post(`/threads/${thread}/runs`, { ...RUN, input: {} }),
    changes: true,
    tells: ({ thread }) => thread,
  },
  "run and stream": {
    route: "POST /threads/:thread_id/runs/stream",
    send: ({ thread }) => post(`/threads/${thread}/runs/stream`, { ...RUN, input: {} }),
    changes: true,
    wait: (input) => post(`/threads/${crypto.randomUUID()}/runs/stream`, { ...RUN, input }),
  },
  "run and wait": {
    route: "POST /threads/:thread_id/runs/wait",
    send: ({ thread }) => post(`/threads/${thread}/runs/wait`, { ...RUN, input: {} }),
    changes: true,
    wait: (input) => post(`/threads/${crypto.randomUUID()}/runs/wait`, { ...RUN, input }),
  },
  "run and stream, no thread": {
    route: "POST /runs/stream",
    send: ({ assistant }) => post("/runs/stream", { assistant_id: assistant, input: {} }),
    changes: true,
    tells: null,
    wait: (input) => post("/runs/stream", { assistant_id: "desk", input }),
  },
  "run and wait, no thread": {
    route: "POST /runs/wait",
    send: ({ assistant }) => post("/runs/wait", { assistant_id: assistant, input: {} }),
    changes: true,
    tells: null,
    wait: (input) => post("/runs/wait", { assistant_id: "desk", input }),
  },
};

/** Commands of protocol v2, and what each takes. A method that is not here fails the test that counts them. */
const COMMANDS: Record<string, { params: (desk: Desk) => unknown; changes?: true; tells?: ((desk: Desk) => string) | null }> = {
  "run.start": { params: () => ({ assistant_id: "desk", input: {}, multitaskStrategy: "enqueue" }), changes: true, tells: null },
  "input.respond": { params: (desk) => ({ namespace: [], interrupt_id: desk.interrupt, response: "mine" }), changes: true, tells: null },
  "input.inject": { params: () => ({ message: "x" }), tells: null },
  "state.get": { params: () => ({}) },
  "state.listCheckpoints": { params: () => ({}), tells: ({ checkpoint }) => checkpoint },
  "state.fork": { params: ({ checkpoint }) => ({ checkpoint_id: checkpoint, input: {} }), changes: true, tells: null },
  "agent.getTree": { params: () => ({}), tells: null },
};

/** Those that only a WebSocket takes. */
const SUBSCRIPTIONS: typeof COMMANDS = {
  "subscription.subscribe": { params: () => ({ channels: ["values"] }) },
  "subscription.reconnect": {
    params: () => ({ subscriptions: [Buffer.from(JSON.stringify(["s", { channels: ["values"] }])).toString("base64url")] }),
  },
  "subscription.unsubscribe": { params: () => ({ subscription_id: "s" }), tells: null },
};

function commandRows(): Record<string, TransportRow> {
  const rows: [string, TransportRow][] = [];
  for (const [method, { params, ...rest }] of Object.entries({ ...COMMANDS, ...SUBSCRIPTIONS })) {
    const command = (desk: Desk) => ({ id: 1, method, params: params(desk) });
    const socket = (desk: Desk): Sending => ({ socket: desk.thread, command: command(desk) });
    rows.push([`WS ${method}`, { route: "WS /threads/:thread_id/stream/events", send: socket, ...rest }]);
    if (method in COMMANDS)
      rows.push([
        `v2 ${method}`,
        { route: "POST /threads/:thread_id/commands", send: (desk) => post(`/threads/${desk.thread}/commands`, command(desk)), ...rest },
      ]);
  }
  const [, subscribe] = rows.find(([name]) => name === "WS subscription.subscribe") ?? [];
  if (subscribe !== undefined) subscribe.opens = true;
  return Object.fromEntries(rows);
}

const call = (method: string, params: unknown) => post("/mcp", { jsonrpc: "2.0", id: 1, method, params });
const callTool = (name: string, input: unknown) => call("tools/call", { name, arguments: input });
export const TOOL = "tool-of-ada";

const MCP: Record<string, TransportRow> = {
  "MCP tools/list": { route: "POST /mcp", send: () => call("tools/list", {}), shared: true },
  "MCP tools/call": {
    route: "POST /mcp",
    send: () => callTool(TOOL, { note: "x" }),
    changes: true,
    tells: null,
    wait: (input) => callTool("desk", input),
  },
  "MCP continue_thread, an answer": {
    route: "POST /mcp",
    send: ({ thread }) => callTool("continue_thread", { thread_id: thread, answer: "mine" }),
    changes: true,
  },
  "MCP continue_thread, a turn": {
    route: "POST /mcp",
    send: ({ thread }) => callTool("continue_thread", { thread_id: thread, input: { answer: null } }),
    changes: true,
  },
  "MCP notifications/cancelled": {
    route: "POST /mcp",
    send: ({ run }) => ({
      method: "POST",
      path: "/mcp",
      body: { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } },
      headers: { "mcp-session-id": run },
    }),
    shared: true,
    tells: null,
  },
};

/** Names of each method in versions 0.3 and 1.0; every method of the library's handler has a line, so a new one does not compile. */
const A2A_METHODS: Record<keyof A2ARequestHandler, { names: string[]; changes?: true; shared?: true; about?: "message" | "task"; tells?: null }> = {
  getAgentCard: { names: [] },
  getAuthenticatedExtendedAgentCard: { names: ["agent/getAuthenticatedExtendedCard", "GetExtendedAgentCard"], shared: true, tells: null },
  sendMessage: { names: ["message/send", "SendMessage"], changes: true, about: "message" },
  sendMessageStream: { names: ["message/stream", "SendStreamingMessage"], changes: true, about: "message" },
  getTask: { names: ["tasks/get", "GetTask"], about: "task" },
  cancelTask: { names: ["tasks/cancel", "CancelTask"], about: "task", tells: null },
  resubscribe: { names: ["tasks/resubscribe", "SubscribeToTask"], about: "task" },
  listTasks: { names: ["ListTasks"], tells: null },
  createTaskPushNotificationConfig: { names: ["tasks/pushNotificationConfig/set", "CreateTaskPushNotificationConfig"], about: "task", tells: null },
  getTaskPushNotificationConfig: { names: ["tasks/pushNotificationConfig/get", "GetTaskPushNotificationConfig"], about: "task", tells: null },
  listTaskPushNotificationConfigs: { names: ["tasks/pushNotificationConfig/list", "ListTaskPushNotificationConfigs"], about: "task", tells: null },
  deleteTaskPushNotificationConfig: { names: ["tasks/pushNotificationConfig/delete", "DeleteTaskPushNotificationConfig"], about: "task", tells: null },
};

/** To the assistant that everybody has, so that the task itself is what is guarded. */
function a2a(method: string, about: "message" | "task" | undefined, what: { context?: string; task?: string; data: unknown }): Sending {
  const old = method.includes("/");
  const ids = {
    ...(what.context === undefined ? {} : { contextId: what.context }),
    ...(about === "message" && what.task !== undefined ? { taskId: what.task } : {}),
  };
  const part = old ? { kind: "data", data: what.data } : { data: what.data };
  const message = { messageId: crypto.randomUUID(), role: old ? "user" : "ROLE_USER", parts: [part], ...(old ? { kind: "message" } : {}), ...ids };
  const params = about === "message" ? { message } : { id: what.task, taskId: what.task, url: "https://hooks.example" };
  return post("/a2a/desk", { jsonrpc: "2.0", id: 1, method, params }, { "a2a-version": old ? "0.3" : "1.0" });
}

function a2aRows(): Record<string, TransportRow> {
  const rows: [string, TransportRow][] = [];
  for (const { names, about, ...rest } of Object.values(A2A_METHODS)) {
    for (const method of names) {
      const row = { route: "POST /a2a/:assistant_id", ...rest };
      const wait = about === "message" ? { wait: (data: unknown) => a2a(method, about, { data }) } : {};
      const waitForTask = method === "tasks/resubscribe" || method === "SubscribeToTask" ? { opens: true as const } : {};
      rows.push([`A2A ${method}`, { ...row, ...waitForTask, send: ({ run }) => a2a(method, about, { task: run, data: { answer: "mine" } }) }]);
      if (about === "message")
        rows.push([`A2A ${method}, a turn`, { ...row, ...wait, send: ({ thread }) => a2a(method, about, { context: thread, data: { answer: null } }) }]);
    }
  }
  return Object.fromEntries(rows);
}

export const TRANSPORTS: Record<string, TransportRow> = { ...STREAMS, ...commandRows(), ...MCP, ...a2aRows() };
export const V2_METHODS = Object.keys({ ...COMMANDS, ...SUBSCRIPTIONS });

export interface Heard {
  /** Of the answer, or of what a WebSocket was refused with; 101 for one that opened, 0 where it ended before it had one. */
  status: number;
  text: string;
  /** Whether the other side ended it, rather than our patience. */
  ended: boolean;
}

interface Hearing {
  /** Counted from the answer's head, or from when the WebSocket is open: how long that takes is the machine's affair. */
  patienceMs: number;
  enough?: (text: string) => boolean;
  /** What was asked for is listened to: there is an answer's head, or on a WebSocket the command's answer. */
  onListening?: () => void;
}

/** Asks, and hears until it ends, until it is enough, or until `patienceMs` are over. */
export async function hear(here: World, sending: Sending, credential: Credential, options: Hearing): Promise<Heard> {
  return "socket" in sending ? hearSocket(here, sending, credential, options) : hearAnswer(here, sending, credential, options);
}

async function hearAnswer(
  here: World,
  { method, path, body, headers }: Extract<Sending, { path: string }>,
  credential: Credential,
  { patienceMs, enough = () => false, onListening }: Hearing,
): Promise<Heard> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard: Heard = { status: 0, text: "", ended: false };
  const decoder = new TextDecoder();
  try {
    const answer = await fetch(`${here.server.url}${path}`, {
      method,
      headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers, ...credential },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: stop.signal,
    });
    heard.status = answer.status;
    timer = setTimeout(() => stop.abort(), patienceMs);
    onListening?.();
    for await (const chunk of answer.body ?? []) {
      heard.text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (enough(heard.text)) return heard;
    }
    heard.ended = true;
  } catch {
    // cut: by the server, unless it was us
    heard.ended = !stop.signal.aborted;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  return heard;
}

async function hearSocket(
  here: World,
  { socket: thread, command }: Extract<Sending, { socket: string }>,
  credential: Credential,
  { patienceMs, enough, onListening }: Hearing,
): Promise<Heard> {
  const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${thread}/stream/events`, { headers: credential });
  socket.on("error", () => {});
  const heard: Heard = { status: 101, text: "", ended: false };
  const over = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  socket.on("open", () => {
    timer = setTimeout(over.resolve, patienceMs);
    socket.send(JSON.stringify(command));
  });
  socket.on("message", (data) => {
    heard.text += `${(data as Buffer).toString("utf8")}\n`;
    onListening?.();
    // without a wish for more, its answer is enough
    if (enough?.(heard.text) ?? true) over.resolve();
  });
  socket.on("unexpected-response", (_request, response: IncomingMessage) => {
    heard.status = response.statusCode ?? 0;
    response.setEncoding("utf8").on("data", (chunk: string) => (heard.text += chunk));
    void once(response, "end").then(() => over.resolve());
  });
  socket.on("close", () => {
    heard.ended = true;
    over.resolve();
  });
  await over.promise;
  clearTimeout(timer);
  socket.terminate();
  return heard;
}
