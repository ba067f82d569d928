import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { collect, type Gate, until, world } from "./world.ts";

const here = world();

const newThread = async () => (await here.client.threads.create()).thread_id;

/** A thread on which a run of `gate` is running now. */
async function busy(): Promise<{ id: string; runId: string; gate: Gate }> {
  const [id, gate] = [await newThread(), here.gate()];
  const { run_id: runId } = await here.client.runs.create(id, "gate", { input: gate.input });
  await reached(id, runId, "running");
  // its first step is over, so the node that waits is on
  await until(
    () => here.client.threads.getState<{ log?: string[] }>(id),
    ({ values }) => values.log?.includes("entered") === true,
  );
  return { id, runId, gate };
}

const reached = (id: string, runId: string, wanted: string) =>
  until(
    () => here.client.runs.get(id, runId),
    ({ status }) => status === wanted,
  );

verifies("runs.create", async () => {
  const id = await newThread();
  let told: unknown;
  const run = await here.client.runs.create(id, "steps", { input: {}, metadata: { a: 1 }, onRunCreated: (metadata) => (told = metadata) });
  expect(run).toMatchObject({
    thread_id: id,
    assistant_id: (await here.client.assistants.get("steps")).assistant_id,
    metadata: { a: 1 },
    multitask_strategy: "reject",
  });
  expect(["pending", "running"]).toContain(run.status);
  expect(told).toEqual({ run_id: run.run_id, thread_id: id });
  await here.client.runs.join(id, run.run_id);
  expect((await here.client.runs.get(id, run.run_id)).status).toBe("success");
  expect((await here.client.threads.get(id)).status).toBe("idle");
});

verifies("runs.create-unknown-assistant", async () => {
  const id = await newThread();
  await expect(here.client.runs.create(id, "no_such_graph", { input: {} })).rejects.toThrowError(/HTTP 404: .*no_such_graph/);
  await expect(here.client.runs.wait(id, randomUUID(), { input: {} })).rejects.toThrowError("HTTP 404");
  expect((await here.client.threads.get(id)).status).toBe("idle");
});

verifies("runs.create-unknown-thread", async () => {
  const id = randomUUID();
  await expect(here.client.runs.create(id, "steps", { input: {} })).rejects.toThrowError("HTTP 404");
  expect(await here.client.runs.wait(id, "steps", { input: {}, ifNotExists: "create" })).toMatchObject({ last: "three" });
  expect((await here.client.threads.get(id)).thread_id).toBe(id);
});

verifies("runs.wait", async () => {
  const id = await newThread();
  expect(await here.client.runs.wait(id, "steps", { input: { log: ["given"] } })).toEqual({ log: ["given", "one", "two", "three"], last: "three" });
  const plain = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "steps", input: {} });
  expect(plain.headers.get("content-location")).toMatch(new RegExp(`^/threads/${id}/runs/[0-9a-f-]{36}$`));
  expect(await plain.json()).toMatchObject({ last: "three" });
});

verifies("runs.wait-error", async () => {
  const id = await newThread();
  await expect(here.client.runs.wait(id, "boom", { input: {} })).rejects.toThrowError("CustomError: Boo!");
  const values = await here.client.runs.wait(id, "boom", { input: {}, raiseError: false });
  expect(values).toEqual({ __error__: { error: "CustomError", message: "Boo!" } });
  expect((await here.client.threads.get(id)).status).toBe("error");
});

verifies("runs.stateless", async () => {
  const before = await here.client.threads.count();
  expect(await here.client.runs.wait(null, "steps", { input: {} })).toMatchObject({ last: "three" });
  const events = [];
  for await (const event of here.client.runs.stream(null, "steps", { input: {}, streamMode: "updates" })) events.push(event.event);
  expect(events).toEqual(["metadata", "updates", "updates", "updates"]);
  let told: unknown;
  const run = await here.client.runs.create(null, "steps", { input: {}, onRunCreated: (metadata) => (told = metadata) });
  expect(told).toMatchObject({ run_id: run.run_id });
  await until(
    () => here.client.threads.count(),
    (count) => count === before,
  );
});

verifies("runs.batch", async () => {
  const made = await here.client.runs.createBatch([
    { assistantId: "steps", input: {} },
    { assistantId: "mirror", input: {} },
  ]);
  expect(made).toHaveLength(2);
  expect(new Set(made.map((run) => run.run_id)).size).toBe(2);
  expect((await here.http("POST", "/runs/batch", [])).status).toBe(400);
});

verifies("runs.list", async () => {
  const id = await newThread();
  const made: string[] = [];
  for (const graph of ["steps", "boom", "steps"]) {
    const run = await here.client.runs.create(id, graph, { input: {} });
    await reached(id, run.run_id, graph === "boom" ? "error" : "success");
    made.unshift(run.run_id);
  }
  const ids = async (options?: Parameters<typeof here.client.runs.list>[1]) => (await here.client.runs.list(id, options)).map((run) => run.run_id);
  expect(await ids()).toEqual(made);
  expect(await ids({ limit: 1, offset: 1 })).toEqual([made[1]]);
  expect(await ids({ status: "error" })).toEqual([made[1]]);
});

verifies("runs.get", async () => {
  const id = await newThread();
  const run = await here.client.runs.create(id, "steps", { input: {} });
  await here.client.runs.join(id, run.run_id);
  expect(await here.client.runs.get(id, run.run_id)).toMatchObject({ run_id: run.run_id, thread_id: id, status: "success" });
  await expect(here.client.runs.get(id, randomUUID())).rejects.toThrowError("HTTP 404: Run not found");
  // a run is found on its own thread only
  await expect(here.client.runs.get(await newThread(), run.run_id)).rejects.toThrowError("HTTP 404");
});

verifies("runs.delete", async () => {
  const id = await newThread();
  const run = await here.client.runs.create(id, "steps", { input: {} });
  await here.client.runs.join(id, run.run_id);
  expect((await here.http("DELETE", `/threads/${id}/runs/${run.run_id}`)).status).toBe(204);
  await expect(here.client.runs.get(id, run.run_id)).rejects.toThrowError("HTTP 404");
  await expect(here.client.runs.delete(id, run.run_id)).rejects.toThrowError("HTTP 404: Run not found");
});

verifies("runs.join", async () => {
  const { id, runId, gate } = await busy();
  const joined = here.client.runs.join(id, runId);
  await gate.open();
  expect(await joined).toMatchObject({ log: ["entered", "passed"] });
  // and again, when it is long over
  expect(await here.client.runs.join(id, runId)).toMatchObject({ log: ["entered", "passed"] });
});

verifies("runs.metadata", async () => {
  const assistant = await here.client.assistants.create({ graphId: "mirror", metadata: { a: "assistant", b: "assistant", c: "assistant" } });
  const thread = await here.client.threads.create({ metadata: { b: "thread", c: "thread" } });
  const run = await here.client.runs.create(thread.thread_id, assistant.assistant_id, { input: {}, metadata: { c: "run" } });
  expect(run.metadata).toMatchObject({ a: "assistant", b: "thread", c: "run" });
  await here.client.runs.join(thread.thread_id, run.run_id);
});

verifies("runs.config", async () => {
  const id = await newThread();
  const answer = await here.http(
    "POST",
    `/threads/${id}/runs/wait`,
    { assistant_id: "mirror", input: {}, config: { configurable: { model: "m", __slipway: "forged", __pregel_x: "forged" } } },
    { "X-Trace": "t1", "x-api-key": "hush", "x-service-key": "hush", "x-tenant-id": "hush", authorization: "Bearer hush", "user-agent": "agent/1" },
  );
  const values: unknown = await answer.json();
  expect(values).toMatchObject({ configurable: { model: "m", "x-trace": "t1", "user-agent": "agent/1", thread_id: id, run_id: expect.any(String) } });
  expect(JSON.stringify(values)).not.toMatch(/hush|forged/);
});

verifies("runs.context", async () => {
  const assistant = await here.client.assistants.create({ graphId: "mirror", context: { from: "assistant", kept: 1 } });
  const values = await here.client.runs.wait(await newThread(), assistant.assistant_id, { input: {}, context: { from: "run" } });
  expect(values).toMatchObject({ context: { from: "run", kept: 1 } });
});

verifies("runs.recursion-limit", async () => {
  const values = await here.client.runs.wait(await newThread(), "steps", { input: {}, config: { recursion_limit: 2 }, raiseError: false });
  expect(values).toMatchObject({ __error__: { error: "GraphRecursionError" } });
});

verifies("runs.after-seconds", async () => {
  const id = await newThread();
  const run = await here.client.runs.create(id, "steps", { input: {}, afterSeconds: 3_600 });
  expect(run.status).toBe("pending");
  expect(Date.parse(run.created_at)).toBeGreaterThan(Date.now() + 3_000_000);
  await here.client.runs.cancel(id, run.run_id, true);
  expect((await here.client.runs.get(id, run.run_id)).status).toBe("interrupted");
});

verifies("runs.multitask-reject", async () => {
  const { id, runId, gate } = await busy();
  await expect(here.client.runs.create(id, "steps", { input: {} })).rejects.toThrowError(/^HTTP 409: Thread .*is already running a task/);
  await expect(here.client.runs.wait(id, "steps", { input: {} })).rejects.toThrowError("HTTP 409");
  await gate.open();
  expect(await here.client.runs.join(id, runId)).toMatchObject({ log: ["entered", "passed"] });
  expect(await here.client.runs.list(id)).toHaveLength(1);
});

verifies("runs.multitask-enqueue", async () => {
  const { id, runId, gate } = await busy();
  const later = await here.client.runs.create(id, "gate", { input: { log: ["second"] }, multitaskStrategy: "enqueue" });
  const last = await here.client.runs.create(id, "gate", { input: { log: ["third"] }, multitaskStrategy: "enqueue" });
  expect([later.status, last.status]).toEqual(["pending", "pending"]);
  await gate.open();
  await here.client.runs.join(id, runId);
  await here.client.runs.join(id, last.run_id);
  expect((await here.client.threads.getState(id)).values).toMatchObject({
    log: ["entered", "passed", "second", "entered", "passed", "third", "entered", "passed"],
  });
});

verifies("runs.multitask-interrupt", async () => {
  const { id, runId, gate } = await busy();
  const next = await here.client.runs.create(id, "steps", { input: { log: ["next"] }, multitaskStrategy: "interrupt" });
  await here.client.runs.join(id, next.run_id);
  expect((await here.client.runs.get(id, runId)).status).toBe("interrupted");
  expect((await here.client.runs.get(id, next.run_id)).status).toBe("success");
  await gate.open();
  expect((await here.client.threads.getState<{ log: string[] }>(id)).values.log).toEqual(["entered", "next", "one", "two", "three"]);
});

verifies("runs.multitask-rollback", async () => {
  const { id, runId, gate } = await busy();
  const next = await here.client.runs.create(id, "steps", { input: { log: ["next"] }, multitaskStrategy: "rollback" });
  await here.client.runs.join(id, next.run_id);
  await expect(here.client.runs.get(id, runId)).rejects.toThrowError("HTTP 404");
  await gate.open();
  expect((await here.client.threads.getState<{ log: string[] }>(id)).values.log).toEqual(["next", "one", "two", "three"]);
});

verifies("runs.cancel", async () => {
  const first = await busy();
  await here.client.runs.cancel(first.id, first.runId, true);
  expect((await here.client.runs.get(first.id, first.runId)).status).toBe("interrupted");
  expect((await here.client.threads.get(first.id)).status).toBe("idle");
  expect(await here.client.runs.join(first.id, first.runId)).toBeNull();

  const second = await busy();
  const answer = await here.http("POST", `/threads/${second.id}/runs/${second.runId}/cancel?wait=0`);
  expect(answer.status).toBe(202);
  await reached(second.id, second.runId, "interrupted");
  const waited = await here.http("POST", `/threads/${second.id}/runs/${second.runId}/cancel?wait=1`);
  expect(waited.status).toBe(204);
  await expect(here.client.runs.cancel(second.id, randomUUID())).rejects.toThrowError("HTTP 404: Run not found");
  // the thread is free again
  expect(await here.client.runs.wait(second.id, "steps", { input: {} })).toMatchObject({ last: "three" });
});

verifies("runs.cancel-finished", async () => {
  const id = await newThread();
  const run = await here.client.runs.create(id, "steps", { input: {} });
  await here.client.runs.join(id, run.run_id);
  await here.client.runs.cancel(id, run.run_id, true);
  expect((await here.client.runs.get(id, run.run_id)).status).toBe("success");
  expect((await here.client.threads.getState(id)).values).toMatchObject({ last: "three" });
});

verifies("runs.cancel-rollback", async () => {
  const [id, opened, gate] = [await newThread(), here.gate(), here.gate()];
  await opened.open();
  await here.client.runs.wait(id, "gate", { input: { ...opened.input, log: ["before"] } });
  const before = await here.client.threads.getState(id);
  const { run_id } = await here.client.runs.create(id, "gate", { input: gate.input });
  await until(
    () => here.client.threads.getState<{ log: string[] }>(id),
    ({ values }) => values.log.length === 4,
  );
  await here.client.runs.cancel(id, run_id, true, "rollback");
  await expect(here.client.runs.get(id, run_id)).rejects.toThrowError("HTTP 404");
  expect(await here.client.threads.getState(id)).toEqual(before);
});

verifies("runs.cancel-many", async () => {
  const first = await busy();
  const waiting = await here.client.runs.create(first.id, "steps", { input: {}, multitaskStrategy: "enqueue" });
  await here.client.runs.cancelMany({ threadId: first.id, status: "all" });
  await reached(first.id, first.runId, "interrupted");
  await reached(first.id, waiting.run_id, "interrupted");
  expect((await here.http("POST", "/runs/cancel", {})).status).toBe(400);
});

verifies("runs.interrupt-before", async () => {
  const id = await newThread();
  await here.client.runs.wait(id, "steps", { input: {}, interruptBefore: ["two"] });
  expect(await here.client.threads.getState(id)).toMatchObject({ values: { log: ["one"] }, next: ["two"] });
  expect((await here.client.threads.get(id)).status).toBe("interrupted");
  await here.client.runs.wait(id, "steps", { input: null, interruptAfter: "*" });
  expect((await here.client.threads.getState(id)).next).toEqual(["three"]);
  expect(await here.client.runs.wait(id, "steps", { input: null })).toMatchObject({ log: ["one", "two", "three"] });
});

verifies("runs.fork", async () => {
  const id = await newThread();
  await here.client.runs.wait(id, "steps", { input: {} });
  const afterOne = (await here.client.threads.getHistory(id)).find((state) => state.next[0] === "two");
  if (!afterOne?.checkpoint.checkpoint_id) throw new Error("no checkpoint after one");
  await here.client.threads.updateState(id, { values: { log: ["changed"] }, checkpoint: afterOne.checkpoint, asNode: "one" });
  expect(await here.client.runs.wait(id, "steps", { input: null })).toMatchObject({ log: ["one", "changed", "two", "three"] });
  const { thread_id: _, ...checkpoint } = afterOne.checkpoint;
  expect(await here.client.runs.wait(id, "steps", { input: null, checkpoint })).toMatchObject({ log: ["one", "two", "three"] });
  expect(await here.client.runs.wait(id, "steps", { input: null, checkpointId: afterOne.checkpoint.checkpoint_id })).toMatchObject({
    log: ["one", "two", "three"],
  });
});

verifies("runs.store", async () => {
  const word = randomUUID();
  await here.client.runs.wait(await newThread(), "memory", { input: { word } });
  expect((await here.client.store.getItem(["conformance"], "word"))?.value).toEqual({ word });
  await here.client.store.putItem(["conformance"], "word", { word: "from outside" });
  expect(await here.client.runs.wait(await newThread(), "memory", { input: { word } })).toMatchObject({ previous: "from outside" });
});

verifies("runs.wait-cancelled", async () => {
  const [id, gate] = [await newThread(), here.gate()];
  const waiting = here.client.runs.wait(id, "gate", { input: gate.input });
  await until(
    () => here.client.threads.getState<{ log?: string[] }>(id),
    ({ values }) => values.log?.includes("entered") === true,
  );
  await here.client.runs.cancelMany({ threadId: id, status: "all" });
  expect(await waiting).toMatchObject({ log: ["entered"] });
});

verifies("runs.join-failed", async () => {
  const id = await newThread();
  const { run_id } = await here.client.runs.create(id, "boom", { input: {} });
  const error = { error: "CustomError", message: "Boo!" };
  expect(await here.client.runs.join(id, run_id)).toEqual({ __error__: error });
  expect((await here.client.runs.get(id, run_id)).status).toBe("error");
  expect((await collect(here.client.runs.joinStream(id, run_id))).at(-1)).toMatchObject({ event: "error", data: error });
  expect(await here.client.threads.get(id)).toMatchObject({ status: "error", error });
});

verifies("runs.stateless-address", async () => {
  const answer = await here.http("POST", "/runs", { assistant_id: "steps", input: {}, stream_resumable: true });
  const run = (await answer.json()) as { run_id: string };
  expect(answer.headers.get("content-location")).toBe(`/runs/${run.run_id}`);
  const events = await collect(here.client.runs.joinStream(null, run.run_id, { lastEventId: "-1" }));
  expect(events.at(-1)).toMatchObject({ event: "values", data: { last: "three" } });
});

verifies("runs.stateless-keep", async () => {
  // "keep" in Python and in the API, "continue" in the types of the JavaScript SDK
  for (const word of ["keep", "continue"]) {
    const answer = await here.http("POST", "/runs", { assistant_id: "steps", input: {}, on_completion: word, metadata: { mark: word } });
    const run = (await answer.json()) as { thread_id: string; run_id: string };
    await reached(run.thread_id, run.run_id, "success");
    expect((await here.client.threads.getState(run.thread_id)).values).toMatchObject({ last: "three" });
    expect(await here.client.threads.search({ ids: [run.thread_id] })).toMatchObject([{ status: "idle", metadata: { mark: word } }]);
  }
});

verifies("runs.list-select", async () => {
  const id = await newThread();
  await here.client.runs.wait(id, "steps", { input: {} });
  expect(await here.client.runs.list(id, { select: ["run_id", "status"] })).toEqual([{ run_id: expect.any(String), status: "success" }]);
  expect(await here.client.runs.list(id, { select: ["status"] })).toEqual([{ status: "success" }]);
  // as SDK 0.x and 2.0 write a list
  const asJson = await here.http("GET", `/threads/${id}/runs?select=${encodeURIComponent('["status"]')}`);
  expect(await asJson.json()).toEqual([{ status: "success" }]);
});

verifies("runs.config-inherited", async () => {
  const assistant = await here.client.assistants.create({ graphId: "mirror", config: { configurable: { model: "small", tone: "dry" } } });
  const id = await newThread();
  const run = (assistantId: string, configurable?: Record<string, unknown>) =>
    here.client.runs.wait(id, assistantId, { input: {}, ...(configurable === undefined ? {} : { config: { configurable } }) });
  const first = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "mirror", input: {} }, { "x-trace": "once" });
  expect(await first.json()).toMatchObject({ configurable: { "x-trace": "once" } });
  expect(await run(assistant.assistant_id, { model: "large", user_id: "ann" })).toMatchObject({
    configurable: { model: "large", tone: "dry", user_id: "ann" },
  });
  await here.client.assistants.update(assistant.assistant_id, { config: { configurable: { model: "tiny", tone: "warm" } } });
  const silent = await run(assistant.assistant_id);
  expect(silent).toMatchObject({ configurable: { model: "large", tone: "warm", user_id: "ann" } });
  // a header belongs to its request
  expect(silent).not.toHaveProperty(["configurable", "x-trace"]);
  // another assistant does not get what the first one brought
  const other = await run("mirror", { model: "other" });
  expect(other).toMatchObject({ configurable: { model: "other", user_id: "ann" } });
  expect(other).not.toHaveProperty(["configurable", "tone"]);
});

verifies("runs.nulls", async () => {
  const names = [
    "command config context metadata checkpoint checkpoint_id stream_mode stream_subgraphs stream_resumable interrupt_before interrupt_after webhook",
    "multitask_strategy if_not_exists on_completion on_disconnect after_seconds durability checkpoint_during feedback_keys langsmith_tracer",
  ].flatMap((line) => line.split(" "));
  const nothing = Object.fromEntries(names.map((name) => [name, null]));
  const id = await newThread();
  const run = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "steps", input: {}, ...nothing });
  expect([run.status, await run.json()]).toMatchObject([200, { last: "three" }]);
  const bodies: [method: string, path: string, fields: string, rest?: Record<string, unknown>][] = [
    ["POST", "/threads", "thread_id metadata if_exists supersteps ttl"],
    ["PATCH", `/threads/${id}`, "metadata ttl"],
    ["POST", "/threads/search", "metadata values status ids limit offset sort_by sort_order select extract"],
    ["POST", "/threads/count", "metadata values status"],
    ["POST", `/threads/${id}/state`, "values as_node checkpoint checkpoint_id"],
    ["POST", `/threads/${id}/state/checkpoint`, "checkpoint subgraphs"],
    ["POST", `/threads/${id}/history`, "limit before metadata checkpoint"],
    ["POST", "/assistants", "assistant_id config context metadata name description if_exists", { graph_id: "steps" }],
    ["POST", "/assistants/search", "graph_id name metadata limit offset sort_by sort_order select"],
    ["POST", "/assistants/count", "graph_id name metadata"],
    ["POST", "/assistants/steps/versions", "metadata limit offset"],
    ["PUT", "/store/items", "index ttl", { namespace: ["nulls"], key: "k", value: {} }],
    ["POST", "/store/items/search", "filter query limit offset refresh_ttl", { namespace_prefix: ["nulls"] }],
    ["POST", "/store/namespaces", "prefix suffix max_depth limit offset"],
    ["POST", "/runs/crons/search", "assistant_id thread_id enabled metadata limit offset sort_by sort_order select"],
    ["POST", "/runs/crons/count", "assistant_id thread_id metadata"],
  ];
  for (const [method, path, fields, rest] of bodies) {
    const answer = await here.http(method, path, { ...Object.fromEntries(fields.split(" ").map((name) => [name, null])), ...rest });
    expect([method, path, answer.ok ? "ok" : await answer.text()]).toEqual([method, path, "ok"]);
  }
});

verifies("runs.durability", async () => {
  const saved = async (options: Parameters<typeof here.client.runs.wait>[2]) => {
    const id = await newThread();
    await here.client.runs.wait(id, "steps", { input: {}, ...options });
    return (await here.client.threads.getHistory(id, { limit: 100 })).length;
  };
  expect(await saved({ durability: "sync" })).toBe(5);
  expect(await saved({ durability: "exit" })).toBe(1);
  expect(await saved({ checkpointDuring: false })).toBe(1);
});

verifies("runs.own-recursion-limit", async () => {
  const values = await here.client.runs.wait(await newThread(), "short", { input: {}, raiseError: false });
  expect(values).toMatchObject({ __error__: { error: "GraphRecursionError" } });
  expect(await here.client.runs.wait(await newThread(), "short", { input: {}, config: { recursion_limit: 10 } })).toMatchObject({ last: "three" });
});

verifies("runs.wait-interrupted", async () => {
  const id = await newThread();
  const values = await here.client.runs.wait(id, "ask", { input: { done: false } });
  expect(values).toEqual({ done: false, answers: {}, __interrupt__: [{ id: expect.any(String), value: { question: "first" } }] });
});
