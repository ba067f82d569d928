import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const here = world();

async function ran(graph: string, input: Record<string, unknown> = {}): Promise<string> {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, graph, { input });
  return id;
}

verifies("state.fresh", async () => {
  const { thread_id: id } = await here.client.threads.create();
  expect(await (await here.http("GET", `/threads/${id}/state`)).json()).toMatchObject({
    values: {},
    next: [],
    tasks: [],
    checkpoint: null,
    parent_checkpoint: null,
    created_at: null,
  });
  expect(await here.client.threads.getHistory(id)).toEqual([]);
});

verifies("state.latest", async () => {
  const id = await ran("ask");
  const state = await here.client.threads.getState(id);
  expect(state).toMatchObject({
    next: ["first"],
    checkpoint: { thread_id: id, checkpoint_ns: "", checkpoint_id: expect.any(String) },
    parent_checkpoint: { thread_id: id, checkpoint_id: expect.any(String) },
    tasks: [{ name: "first", error: null, interrupts: [{ id: expect.any(String), value: { question: "first" } }] }],
  });
  expect(Date.parse(state.created_at ?? "")).not.toBeNaN();
});

verifies("state.at-checkpoint", async () => {
  const id = await ran("steps");
  const history = await here.client.threads.getHistory(id);
  const afterOne = history.find((state) => state.next[0] === "two");
  if (!afterOne?.checkpoint.checkpoint_id) throw new Error("no checkpoint after one");
  const byPath = await here.client.threads.getState(id, afterOne.checkpoint.checkpoint_id);
  const byPost = await here.client.threads.getState(id, afterOne.checkpoint);
  expect(byPath.values).toMatchObject({ log: ["one"], last: "one" });
  expect(byPost).toEqual(byPath);
  await expect(here.client.threads.getState(id, "not-a-uuid")).rejects.toThrowError("HTTP 400");
});

verifies("state.subgraphs", async () => {
  const id = await ran("parent", { topic: "tea" });
  const without = await here.client.threads.getState(id);
  expect(without.tasks[0]?.state ?? null).toBeNull();
  const withThem = await here.client.threads.getState(id, undefined, { subgraphs: true });
  expect(withThem.tasks[0]?.state).toMatchObject({ values: { topic: "tea", note: "about tea" }, next: ["consult"] });
  const namespace = withThem.tasks[0]?.state?.checkpoint;
  if (!namespace) throw new Error("no checkpoint of the subgraph");
  expect(namespace.checkpoint_ns).toMatch(/^child:/);
  expect(await here.client.threads.getState(id, namespace)).toMatchObject({ values: { note: "about tea" } });
});

verifies("state.update", async () => {
  const id = await ran("steps");
  const updated: unknown = await here.client.threads.updateState(id, { values: { log: ["by hand"] }, asNode: "one" });
  expect(updated).toMatchObject({ checkpoint: { thread_id: id, checkpoint_ns: "", checkpoint_id: expect.any(String) } });
  expect(await here.client.threads.getState(id)).toMatchObject({ values: { log: ["one", "two", "three", "by hand"] }, next: ["two"] });
  expect(await here.client.runs.wait(id, "steps", { input: null })).toMatchObject({ log: ["one", "two", "three", "by hand", "two", "three"] });
});

verifies("state.update-end", async () => {
  const id = await ran("ask");
  await here.client.threads.updateState(id, { values: null, asNode: "__end__" });
  expect(await here.client.threads.getState(id)).toMatchObject({ next: [], tasks: [] });
  expect((await here.client.threads.get(id)).status).toBe("idle");
});

verifies("state.update-busy", async () => {
  const gate = here.gate();
  const { thread_id: id } = await here.client.threads.create();
  const run = await here.client.runs.create(id, "gate", { input: gate.input });
  await until(
    () => here.client.runs.get(id, run.run_id),
    ({ status }) => status === "running",
  );
  await expect(here.client.threads.updateState(id, { values: { log: ["no"] } })).rejects.toThrowError("HTTP 409");
  await gate.open();
  expect(await here.client.runs.join(id, run.run_id)).toMatchObject({ log: ["entered", "passed"] });
});

verifies("state.update-no-graph", async () => {
  const { thread_id: id } = await here.client.threads.create();
  await expect(here.client.threads.updateState(id, { values: { log: ["x"] } })).rejects.toThrowError("HTTP 400");
});

verifies("state.history", async () => {
  const id = await ran("steps");
  const all = await here.client.threads.getHistory(id, { limit: 100 });
  expect(all.map((state) => state.next[0] ?? null)).toEqual([null, "three", "two", "one", "__start__"]);
  expect(await here.client.threads.getHistory(id, { limit: 2 })).toEqual(all.slice(0, 2));
  const second = all[1];
  if (!second?.checkpoint.checkpoint_id) throw new Error("no second state");
  const before = await here.http("POST", `/threads/${id}/history`, { before: second.checkpoint.checkpoint_id });
  expect(await before.json()).toEqual(all.slice(2));
  const byConfig = await here.client.threads.getHistory(id, { before: { configurable: { checkpoint_id: second.checkpoint.checkpoint_id } } });
  expect(byConfig).toEqual(all.slice(2));
  const byQuery = await here.http("GET", `/threads/${id}/history?limit=1`);
  expect(await byQuery.json()).toEqual(all.slice(0, 1));
});

verifies("state.history-metadata", async () => {
  const { thread_id: id } = await here.client.threads.create();
  const mark = randomUUID();
  await here.client.runs.wait(id, "steps", { input: {} });
  await here.client.runs.wait(id, "steps", { input: {}, metadata: { mark } });
  const marked = await here.client.threads.getHistory(id, { limit: 100, metadata: { mark } });
  const all = await here.client.threads.getHistory(id, { limit: 100 });
  expect(marked.length).toBe(5);
  expect(marked[0]?.metadata).toMatchObject({ mark, run_id: expect.any(String) });
  expect(all.length).toBe(10);
});

verifies("state.subgraph-edit", async () => {
  const id = await ran("trip", { city: "Rome" });
  const state = await here.client.threads.getState(id);
  expect(state.tasks).toEqual([
    {
      id: expect.any(String),
      name: "errand",
      path: ["__pregel_pull", "errand"],
      error: null,
      interrupts: [],
      checkpoint: { thread_id: id, checkpoint_ns: expect.stringMatching(/^errand:/) },
      state: null,
      result: null,
    },
  ]);
  const whole = await here.client.threads.getState(id, undefined, { subgraphs: true });
  expect(whole.tasks[0]).toMatchObject({ checkpoint: null, state: { values: { city: "ROME" }, next: ["call"], tasks: [{ name: "call" }] } });
  const inside = state.tasks[0]?.checkpoint;
  if (!inside) throw new Error("no checkpoint of the subgraph");
  await here.client.threads.updateState(id, { values: { city: "Oslo" }, checkpoint: inside });
  expect(await here.client.threads.getState(id, inside)).toMatchObject({ values: { city: "Oslo" }, next: ["call"] });
  expect(await here.client.runs.wait(id, "trip", { input: null })).toMatchObject({ report: "It is sunny in Oslo", log: ["plan", "home"] });
  const nexts = async (options?: Parameters<typeof here.client.threads.getHistory>[1]) =>
    (await here.client.threads.getHistory(id, options)).map(({ next }) => next[0] ?? null);
  expect(await nexts()).toEqual([null, "home", "errand", "plan", "__start__"]);
  expect(await nexts({ checkpoint: inside })).toEqual([null, "call", "call", "look", "__start__"]);
});

verifies("state.factory", async () => {
  const { assistant_id } = await here.client.assistants.create({ graphId: "dynamic", config: { configurable: { node_name: "mine" } } });
  const { thread_id: id } = await here.client.threads.create({ graphId: "dynamic" });
  await here.client.runs.wait(id, assistant_id, { input: {} });
  await here.client.threads.updateState(id, { values: { log: ["edited"] }, asNode: "mine" });
  expect((await here.client.threads.getState(id)).values).toEqual({ log: ["mine", "edited"] });

  const { thread_id: paused } = await here.client.threads.create();
  const given = { configurable: { node_name: "asked" } };
  await here.client.runs.wait(paused, "dynamic", { input: {}, config: given, interruptBefore: ["asked"] });
  expect([(await here.client.threads.get(paused)).status, (await here.client.threads.getState(paused)).next]).toEqual(["interrupted", ["asked"]]);
  expect(await here.client.runs.wait(paused, "dynamic", { input: null })).toEqual({ log: ["asked"] });
});
