import { randomUUID } from "node:crypto";
import { Role, SendMessageRequest, TaskState, type StreamResponse, type Task } from "@a2a-js/sdk";
import { ClientFactory, type Client } from "@a2a-js/sdk/client";
import { LegacyJsonRpcTransport } from "@a2a-js/sdk/compat/v0_3/client";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const here = world();

const VERSIONS = ["1.0", "0.3"] as const;

/** The official client, led by the card, in one version of the protocol. */
async function agentOf(assistantId: string, version: (typeof VERSIONS)[number] = "1.0"): Promise<Client> {
  const client = await new ClientFactory().createFromUrl(`${here.server.url}/a2a/${assistantId}/`);
  if (version === "1.0") return client;
  const card = await client.getAgentCard();
  const old = new LegacyJsonRpcTransport({ endpoint: card.supportedInterfaces.find((one) => one.protocolVersion === "0.3")?.url ?? "" });
  // the class of the client that the factory makes, around the older transport
  return new (client.constructor as new (transport: unknown, card: unknown) => Client)(old, card);
}

interface Said {
  text?: string;
  data?: unknown;
  contextId?: string;
  taskId?: string;
  configuration?: object;
}

function message({ text, data, contextId, taskId, configuration }: Said): SendMessageRequest {
  const parts = [...(text === undefined ? [] : [{ text }]), ...(data === undefined ? [] : [{ data }])];
  const ids = { ...(contextId === undefined ? {} : { contextId }), ...(taskId === undefined ? {} : { taskId }) };
  return SendMessageRequest.fromJSON({ message: { messageId: randomUUID(), role: "ROLE_USER", parts, ...ids }, ...(configuration ? { configuration } : {}) });
}

async function send(client: Client, said: Said): Promise<Task> {
  const result = await client.sendMessage(message(said));
  if (!("status" in result)) throw new Error("a message came instead of a task");
  return result;
}

const ask = (id: string) => ({ tenant: "", id });
const textsOf = (parts: readonly { content?: { $case: string; value?: unknown } | undefined }[] = []) =>
  parts.flatMap((part) => (part.content?.$case === "text" ? [part.content.value] : []));
const dataOf = (task: Task) => task.artifacts[0]?.parts.flatMap((part) => (part.content?.$case === "data" ? [part.content.value as unknown] : []))[0];

verifies("a2a.card", async () => {
  const made = await here.client.assistants.create({ graphId: "chat", name: "Talker", description: "Talks." });
  for (const path of [`/a2a/${made.assistant_id}/.well-known/agent-card.json`, `/.well-known/agent-card.json?assistant_id=${made.assistant_id}`]) {
    const url = `${here.server.url}/a2a/${made.assistant_id}`;
    expect(await (await here.http("GET", path)).json()).toMatchObject({
      name: "Talker",
      description: "Talks.",
      url,
      protocolVersion: "0.3.0",
      preferredTransport: "JSONRPC",
      supportedInterfaces: [
        { url, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
        { url, protocolBinding: "JSONRPC", protocolVersion: "0.3" },
      ],
      capabilities: { streaming: true },
      skills: [{ id: "chat", name: "Talker" }],
    });
  }
  expect((await here.http("GET", "/.well-known/agent-card.json")).status).toBe(400);
  expect((await here.http("GET", "/a2a/nobody/.well-known/agent-card.json")).status).toBe(404);
});

verifies("a2a.send", async () => {
  for (const version of VERSIONS) {
    const client = await agentOf("chat", version);
    const first = await send(client, { text: "One" });
    expect(first.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(textsOf(first.artifacts[0]?.parts)).toEqual(["Hello to you too"]);
    const second = await send(client, { text: "Two", contextId: first.contextId });
    expect([second.contextId, second.id === first.id]).toEqual([first.contextId, false]);
    const { values } = await here.client.threads.getState<{ messages: { content: string }[] }>(first.contextId);
    expect(values.messages.map((one) => one.content)).toEqual(["One", "Hello to you too", "Two", "Hello to you too"]);
    expect(await here.client.runs.get(first.contextId, first.id)).toMatchObject({ status: "success", metadata: { source: "a2a" } });
    const read = await client.getTask({ ...ask(second.id), historyLength: 3 });
    expect(read.history.map((one) => [one.role, textsOf(one.parts)[0]])).toEqual([
      [Role.ROLE_AGENT, "Hello to you too"],
      [Role.ROLE_USER, "Two"],
      [Role.ROLE_AGENT, "Hello to you too"],
    ]);
    const mine = randomUUID();
    expect((await send(client, { text: "Hi", contextId: mine })).contextId).toBe(mine);
  }
});

verifies("a2a.data", async () => {
  for (const version of VERSIONS) {
    const client = await agentOf("memory", version);
    const word = `word ${version}`;
    expect(dataOf(await send(client, { data: { word } }))).toMatchObject({ word });
    await expect(send(client, { text: "words" })).rejects.toThrow(/data part/);
  }
});

verifies("a2a.stream", async () => {
  for (const version of VERSIONS) {
    const client = await agentOf("steps", version);
    const events: StreamResponse[] = [];
    for await (const event of client.sendMessageStream(message({ data: {} }))) events.push(event);
    const payloads = events.flatMap((event) => (event.payload === undefined ? [] : [event.payload]));
    expect(payloads[0]?.$case).toBe("task");
    const states = payloads.flatMap((one) => (one.$case === "statusUpdate" ? [one.value.status?.state] : []));
    expect(states.at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(states.slice(0, -1).length).toBeGreaterThan(0);
    expect(states.slice(0, -1).every((state) => state === TaskState.TASK_STATE_WORKING)).toBe(true);
    expect(payloads.filter((one) => one.$case === "artifactUpdate")).toHaveLength(1);
    const ids = new Set(payloads.map((one) => (one.$case === "task" ? one.value.id : one.$case === "message" ? "" : one.value.taskId)));
    expect(ids.size).toBe(1);
  }
});

verifies("a2a.waits", async () => {
  for (const version of VERSIONS) {
    const client = await agentOf("ask", version);
    const asked = await send(client, { data: {} });
    expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    expect(textsOf(asked.status?.message?.parts)).toEqual(['{"question":"first"}']);
    const { id, contextId } = asked;
    expect((await client.getTask(ask(id))).status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    const done = await send(client, { text: "an answer", taskId: id, contextId });
    expect([done.id, done.contextId, done.status?.state]).toEqual([id, contextId, TaskState.TASK_STATE_COMPLETED]);
    expect(dataOf(await client.getTask(ask(id)))).toEqual({ answers: { first: "an answer" }, done: true });
    await expect(send(client, { text: "again", taskId: id })).rejects.toThrow(/over/);

    // answered by somebody else, in an inbox
    const other = await send(client, { data: {} });
    await here.client.runs.wait(other.contextId, "ask", { command: { resume: "from elsewhere" } });
    const seen = await client.getTask(ask(other.id));
    expect([seen.status?.state, dataOf(seen)]).toEqual([TaskState.TASK_STATE_COMPLETED, { answers: { first: "from elsewhere" }, done: true }]);
  }
});

verifies("a2a.fails", async () => {
  for (const version of VERSIONS) {
    const failed = await send(await agentOf("boom", version), { data: {} });
    expect(failed.status?.state).toBe(TaskState.TASK_STATE_FAILED);
    expect(textsOf(failed.status?.message?.parts)[0]).toMatch(/\w/);
    expect(failed.artifacts).toEqual([]);
  }
});

verifies("a2a.tasks", async () => {
  const client = await agentOf("memory");
  const first = await send(client, { data: { word: "first" } });
  await send(client, { data: { word: "second" }, contextId: first.contextId });
  expect(dataOf(await client.getTask(ask(first.id)))).toMatchObject({ word: "first" });
});

verifies("a2a.cancel", async () => {
  for (const version of VERSIONS) {
    const client = await agentOf("gate", version);
    const { input } = here.gate();
    const begun = await send(client, { data: input, configuration: { returnImmediately: true } });
    expect([TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING]).toContain(begun.status?.state);
    const cancelled = await client.cancelTask({ ...ask(begun.id), metadata: undefined });
    expect(cancelled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    expect((await here.client.runs.get(begun.contextId, begun.id)).status).toBe("interrupted");
    await expect(client.cancelTask({ ...ask(begun.id), metadata: undefined })).rejects.toThrow(/over/);
  }
});

verifies("a2a.resubscribe", async () => {
  for (const version of VERSIONS) {
    const client = await agentOf("gate", version);
    const gate = here.gate();
    const leave = new AbortController();
    let taskId = "";
    const left = (async () => {
      for await (const event of client.sendMessageStream(message({ data: gate.input }), { signal: leave.signal })) {
        if (event.payload?.$case !== "task") continue;
        taskId = event.payload.value.id;
        leave.abort();
      }
    })().catch((error: unknown) => error);
    await left;
    const stream = client.resubscribeTask(ask(taskId))[Symbol.asyncIterator]();
    const first = await stream.next();
    expect(first.value?.payload?.$case).toBe("task");
    await gate.open();
    const states: unknown[] = [];
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
      if (next.value.payload?.$case === "statusUpdate") states.push(next.value.payload.value.status?.state);
    }
    expect(states.at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);
    const seen = await until(
      () => client.getTask(ask(taskId)),
      (task) => task.status?.state === TaskState.TASK_STATE_COMPLETED,
    );
    expect(dataOf(seen)).toMatchObject({ log: ["entered", "passed"] });
    const again = client.resubscribeTask(ask(taskId))[Symbol.asyncIterator]();
    await expect(again.next()).rejects.toThrow(/over/);
  }
});

verifies("a2a.errors", async () => {
  const call = async (body: unknown) => {
    const answer = await here.http("POST", "/a2a/chat", body, { "content-type": "application/json" });
    return [answer.status, ((await answer.json()) as { error: { code: number } }).error.code];
  };
  const rpc = (method: string, params: unknown) => call({ jsonrpc: "2.0", id: 1, method, params });
  const task = { id: randomUUID() };
  expect(await rpc("tasks/get", task)).toEqual([200, -32001]);
  expect(await rpc("GetTask", task)).toEqual([200, -32001]);
  expect(await rpc("tasks/get", { id: "no uuid" })).toEqual([200, -32001]);
  expect(await rpc("tasks/cancel", task)).toEqual([200, -32001]);
  expect(await rpc("no/such", {})).toEqual([200, -32601]);
  expect(await rpc("tasks/pushNotificationConfig/get", task)).toEqual([200, -32003]);
  const words = { kind: "message", role: "user", messageId: "1", parts: [{ kind: "text", text: "Hi" }] };
  expect((await rpc("message/send", { message: { ...words, contextId: "not a uuid" } }))[1]).toBe(-32602);
  expect((await rpc("message/send", { message: { ...words, parts: [] } }))[1]).toBeLessThan(0);
  const elsewhere = await here.client.threads.create();
  const run = await here.client.runs.create(elsewhere.thread_id, "memory", { input: {} });
  expect(await rpc("tasks/get", { id: run.run_id })).toEqual([200, -32001]);
  for (const junk of [
    "[]",
    "7",
    '"x"',
    "{}",
    '{"jsonrpc":"2.0","id":1,"method":7}',
    '{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":7}}',
  ]) {
    expect((await call(junk))[1]).toBeLessThan(0);
  }
  expect((await here.http("POST", "/a2a/nobody", { jsonrpc: "2.0", id: 1, method: "message/send", params: {} })).status).toBe(404);
  expect((await here.http("GET", "/a2a/chat")).status).toBe(400);
});
