import { randomUUID } from "node:crypto";
import { Client, type Checkpoint } from "@langchain/langgraph-sdk";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { collect, until, world } from "./world.ts";

/**
 * LangGraph Studio is a page of smith.langchain.com that uses the SDK. This plays it: its origin, its headers, and its requests one after
 * the other, with the shapes that it draws. tests/browser/studio.test.ts does the same from a real page of that origin.
 */
const here = world();
const ORIGIN = "https://smith.langchain.com";
const HEADERS = { origin: ORIGIN, "x-auth-scheme": "langsmith" };

function studio(): Client {
  return new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: HEADERS, callerOptions: { maxRetries: 0 } });
}

/** What Studio asks a run for. */
const DRAWN = { streamMode: ["debug", "messages", "values"], streamSubgraphs: true, streamResumable: true } as const;

interface Frame {
  event: string;
  data: { type?: string; step?: number; payload?: Record<string, unknown> };
}

async function run(threadId: string, graph: string, payload: object): Promise<Frame[]> {
  return (await collect(studio().runs.stream(threadId, graph, { ...DRAWN, streamMode: [...DRAWN.streamMode], ...payload }))) as unknown as Frame[];
}

const payloads = (frames: Frame[], type: string, event = "debug") =>
  frames.filter((frame) => frame.event === event && frame.data.type === type).map((frame) => frame.data.payload);

async function newThread(graph: string): Promise<string> {
  return (await studio().threads.create({ graphId: graph })).thread_id;
}

verifies("studio.preflight", async () => {
  const asked = "content-type,x-auth-scheme,x-api-key,x-tenant-id,x-user-id,prefer,last-event-id";
  for (const [method, path] of [
    ["GET", "/info"],
    ["POST", "/assistants/search"],
    ["GET", "/assistants/steps/graph"],
    ["PATCH", `/threads/${randomUUID()}`],
    ["POST", `/threads/${randomUUID()}/runs/stream`],
    ["DELETE", `/threads/${randomUUID()}`],
    ["PUT", "/store/items"],
  ] as const) {
    const answer = await here.http("OPTIONS", path, undefined, {
      origin: ORIGIN,
      "access-control-request-method": method,
      "access-control-request-headers": asked,
      "access-control-request-private-network": "true",
    });
    const header = (name: string) => answer.headers.get(`access-control-allow-${name}`) ?? "";
    expect([answer.status, header("origin"), header("private-network")]).toEqual([204, ORIGIN, "true"]);
    expect(header("methods").split(", ")).toContain(method);
    expect(header("headers").split(/, ?/)).toEqual(expect.arrayContaining(asked.split(",")));
    expect(answer.headers.get("vary")).toContain("Origin");
  }
  const stranger = await here.http("OPTIONS", "/info", undefined, {
    origin: "https://smith.langchain.com.evil.example",
    "access-control-request-method": "GET",
  });
  expect([stranger.status, stranger.headers.get("access-control-allow-origin")]).toEqual([403, null]);
});

verifies("studio.connect", async () => {
  const info = await here.http("GET", "/info", undefined, HEADERS);
  expect(info.headers.get("access-control-allow-origin")).toBe(ORIGIN);
  expect(await info.json()).toMatchObject({
    version: expect.any(String),
    langgraph_js_version: expect.any(String),
    context: "js",
    flags: { assistants: true, crons: true, langsmith: false, langsmith_tracing_replicas: false },
  });
  const found = await studio().assistants.search({ limit: 100, includePagination: true });
  expect(found.next).toBeNull();
  const exposed = (await here.http("POST", "/assistants/search", {}, HEADERS)).headers.get("access-control-expose-headers") ?? "";
  for (const name of ["x-pagination-total", "x-pagination-next", "content-location", "location"]) expect(exposed).toContain(name);
  expect(found.assistants.find(({ graph_id }) => graph_id === "parent")).toEqual({
    assistant_id: expect.any(String),
    graph_id: "parent",
    name: "parent",
    description: null,
    config: {},
    context: {},
    metadata: { created_by: "system" },
    version: 1,
    created_at: expect.any(String),
    updated_at: expect.any(String),
  });
});

verifies("studio.graph", async () => {
  const [assistant] = await studio().assistants.search({ graphId: "parent" });
  const id = assistant?.assistant_id ?? "";
  const drawn = await here.http("GET", `/assistants/${id}/graph?xray=1`, undefined, HEADERS);
  expect(await drawn.json()).toEqual({
    nodes: [
      { id: "__start__", type: "schema", data: expect.any(Object) },
      { id: "child:think", type: "runnable", data: { id: expect.any(Array), name: "think" } },
      { id: "child:consult", type: "runnable", data: { id: expect.any(Array), name: "consult" } },
      { id: "close", type: "runnable", data: { id: expect.any(Array), name: "close" } },
      { id: "__end__", type: "schema", data: expect.any(Object) },
    ],
    edges: expect.arrayContaining([
      expect.objectContaining({ source: "__start__", target: "child:think" }),
      expect.objectContaining({ source: "child:consult", target: "close" }),
      expect.objectContaining({ source: "close", target: "__end__" }),
    ]),
  });
  const schemas = await studio().assistants.getSchemas(id);
  expect(Object.keys(schemas).toSorted()).toEqual(["config_schema", "context_schema", "graph_id", "input_schema", "output_schema", "state_schema"]);
  expect(schemas.input_schema).toMatchObject({ type: "object", properties: { topic: {}, note: {} } });
  const nested = await studio().assistants.getSubgraphs(id, { recurse: true });
  expect(nested).toMatchObject({ child: { state: { type: "object" }, input: { type: "object" }, output: { type: "object" } } });
});

verifies("studio.debug", async () => {
  const id = await newThread("parent");
  const frames = await run(id, "parent", { input: { topic: "tea" } });
  expect(frames.some(({ event }) => event.startsWith("checkpoints"))).toBe(false);
  // a step is drawn from its task, the state from its checkpoint, whose address a fork begins at
  expect(payloads(frames, "task")).toEqual([
    expect.objectContaining({ id: expect.any(String), name: "child", input: { topic: "tea" }, triggers: expect.any(Array) }),
  ]);
  const checkpoints = payloads(frames, "checkpoint");
  expect(checkpoints.map((payload) => payload?.["next"])).toEqual([["__start__"], ["child"]]);
  expect(checkpoints.at(-1)).toMatchObject({
    values: { topic: "tea" },
    metadata: { source: "loop", step: 0 },
    tasks: [{ id: expect.any(String), name: "child", interrupts: [] }],
    config: { configurable: { thread_id: id, checkpoint_ns: "", checkpoint_id: expect.any(String) } },
    checkpoint: { thread_id: id, checkpoint_ns: "", checkpoint_id: expect.any(String) },
    parent_checkpoint: { thread_id: id, checkpoint_id: expect.any(String) },
  });
  const inside = frames.filter(({ event }) => /^debug\|child:[0-9a-f-]{36}$/.test(event)).map(({ data }) => [data.type, data.payload?.["name"]]);
  expect(inside).toEqual(
    expect.arrayContaining([
      ["task", "think"],
      ["task_result", "think"],
      ["task", "consult"],
    ]),
  );
  const state = await studio().threads.getState(id, undefined, { subgraphs: true });
  expect(state.tasks[0]).toMatchObject({
    name: "child",
    interrupts: [{ value: { consult: "about tea" } }],
    state: { next: ["consult"], values: { note: "about tea" } },
  });

  const resumed = await run(id, "parent", { command: { resume: "with milk" } });
  expect(resumed.findLast(({ event }) => event === "values")?.data).toEqual({ topic: "tea", note: "about tea, with milk", closed: true });
});

verifies("studio.edit-and-fork", async () => {
  const id = await newThread("steps");
  await run(id, "steps", { input: {} });
  const history = await studio().threads.getHistory(id, { limit: 100 });
  expect(history.map(({ next }) => next)).toEqual([[], ["three"], ["two"], ["one"], ["__start__"]]);
  expect(history.map(({ metadata }) => metadata?.["source"])).toEqual(["loop", "loop", "loop", "loop", "input"]);
  for (const [index, { parent_checkpoint }] of history.entries()) expect(parent_checkpoint?.checkpoint_id).toBe(history[index + 1]?.checkpoint.checkpoint_id);

  // "edit" beside a past step, then "continue" from what it made
  const past = history[2];
  if (past === undefined) throw new Error("no step");
  const edited = await studio().threads.updateState(id, { values: { log: ["edited"] }, asNode: "one", checkpoint: past.checkpoint });
  const { checkpoint } = edited as unknown as { checkpoint: Checkpoint };
  expect(checkpoint).toMatchObject({ thread_id: id, checkpoint_ns: "", checkpoint_id: expect.any(String) });
  expect(await studio().threads.getState(id, checkpoint)).toMatchObject({
    values: { log: ["one", "edited"] },
    next: ["two"],
    metadata: { source: "update" },
    parent_checkpoint: { checkpoint_id: past.checkpoint.checkpoint_id },
  });
  const frames = await run(id, "steps", { input: null, checkpoint: { checkpoint_ns: "", checkpoint_id: checkpoint.checkpoint_id } });
  expect(frames.findLast(({ event }) => event === "values")?.data).toEqual({ log: ["one", "edited", "two", "three"], last: "three" });

  // "re-run from here", without an edit; all three branches stay in the history
  await run(id, "steps", { input: null, checkpoint: { checkpoint_ns: "", checkpoint_id: past.checkpoint.checkpoint_id } });
  const after = await studio().threads.getHistory(id, { limit: 100 });
  const children = after.filter(({ parent_checkpoint }) => parent_checkpoint?.checkpoint_id === past.checkpoint.checkpoint_id);
  expect(children).toHaveLength(3);
  expect((await studio().threads.getState(id)).values).toEqual({ log: ["one", "two", "three"], last: "three" });
});

verifies("studio.breakpoints", async () => {
  const id = await newThread("steps");
  const stops: string[][] = [];
  for (let input: object | null = {}; ; input = null) {
    const frames = await run(id, "steps", { input, interruptBefore: "*" });
    expect(frames.filter(({ event }) => event === "error")).toEqual([]);
    const { next } = await studio().threads.getState(id);
    stops.push(next);
    if (next.length === 0) break;
    expect((await studio().threads.get(id)).status).toBe("interrupted");
  }
  expect(stops).toEqual([["one"], ["two"], ["three"], []]);
  expect((await studio().threads.get(id)).status).toBe("idle");
});

verifies("studio.cancel", async () => {
  const gate = here.gate();
  const id = await newThread("gate");
  const stream = studio().runs.stream(id, "gate", { input: gate.input, ...DRAWN, streamMode: [...DRAWN.streamMode] });
  const { value: first } = await stream.next();
  const { run_id: runId } = (first?.data ?? {}) as { run_id: string };
  await until(
    () => studio().threads.getState(id),
    ({ next }) => next.includes("hold"),
  );
  await studio().runs.cancel(id, runId, true, "interrupt");
  await collect(stream);
  expect((await studio().runs.get(id, runId)).status).toBe("interrupted");
  expect([(await studio().threads.get(id)).status, (await studio().threads.getState(id)).next]).toEqual(["idle", ["hold"]]);
});

verifies("studio.threads", async () => {
  const tag = randomUUID();
  const ids = [];
  for (const word of ["a", "b"]) {
    const { thread_id } = await studio().threads.create({ graphId: "steps", metadata: { tag, word } });
    ids.push(thread_id);
  }
  await run(ids[0] ?? "", "steps", { input: {} });
  const listed = await studio().threads.search({ metadata: { graph_id: "steps", tag }, limit: 20, sortBy: "updated_at", sortOrder: "desc" });
  expect(listed.map(({ thread_id }) => thread_id)).toEqual(ids);
  expect(listed[0]).toMatchObject({ status: "idle", values: { last: "three" }, interrupts: {}, metadata: { graph_id: "steps", tag } });
  const copy = await studio().threads.copy(ids[0] ?? "");
  expect((await studio().threads.getState((copy as unknown as { thread_id: string }).thread_id)).values).toEqual(listed[0]?.values);
  await studio().threads.update(ids[1] ?? "", { metadata: { word: "renamed" } });
  expect(await studio().threads.count({ metadata: { tag, word: "renamed" } })).toBe(1);
  for (const id of ids) await studio().threads.delete(id);
  expect(await studio().threads.search({ ids })).toEqual([]);
});

verifies("studio.memory", async () => {
  const namespace = ["studio", randomUUID()];
  const { store } = studio();
  await store.putItem(namespace, "colour", { name: "red" });
  const { items } = await store.searchItems(namespace, { limit: 10 });
  expect(items.map(({ key, value, namespace: where }) => [where, key, value])).toEqual([[namespace, "colour", { name: "red" }]]);
  expect((await store.listNamespaces({ prefix: ["studio"], limit: 100 })).namespaces).toContainEqual(namespace);
  await store.deleteItem(namespace, "colour");
  expect(await store.getItem(namespace, "colour")).toBeNull();
});

verifies("studio.assistants", async () => {
  const client = studio();
  const made = await client.assistants.create({ graphId: "steps", name: "Careful", config: { configurable: { mood: "calm" } } });
  await client.assistants.update(made.assistant_id, { graphId: "steps", config: { configurable: { mood: "bold" } } });
  expect((await client.assistants.getVersions(made.assistant_id)).map(({ version, config }) => [version, config.configurable])).toEqual([
    [2, { mood: "bold" }],
    [1, { mood: "calm" }],
  ]);
  expect((await client.assistants.setLatest(made.assistant_id, 1)).config.configurable).toEqual({ mood: "calm" });
  const { thread_id } = await client.threads.create();
  await run(thread_id, made.assistant_id, { input: {} });
  expect((await client.threads.get(thread_id)).metadata).toMatchObject({ graph_id: "steps", assistant_id: made.assistant_id });
  await client.assistants.delete(made.assistant_id);
  await expect(client.assistants.get(made.assistant_id)).rejects.toThrow("HTTP 404");
});
