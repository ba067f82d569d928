import { randomUUID } from "node:crypto";
import { v5 as uuidv5 } from "uuid";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world({
  environment: () => ({ LANGGRAPH_CONFIG: JSON.stringify({ mirror: { config: { configurable: { model: "from outside" } }, context: { place: "here" } } }) }),
});
const NAMESPACE = "6ba7b821-9dad-11d1-80b4-00c04fd430c8";

verifies("assistants.system", async () => {
  const found = await here.client.assistants.search({ metadata: { created_by: "system" }, limit: 100 });
  expect(found.map((assistant) => assistant.graph_id)).toEqual(expect.arrayContaining(["chat", "steps", "ask"]));
  const steps = found.find((assistant) => assistant.graph_id === "steps");
  expect(steps).toMatchObject({ assistant_id: uuidv5("steps", NAMESPACE), name: "steps", version: 1, metadata: { created_by: "system" } });
});

verifies("assistants.by-graph-id", async () => {
  const byGraph = await here.client.assistants.get("steps");
  expect(await here.client.assistants.get(byGraph.assistant_id)).toEqual(byGraph);
});

verifies("assistants.create", async () => {
  const assistantId = randomUUID();
  const given = {
    graphId: "steps",
    assistantId,
    name: "Mine",
    description: "what it does",
    config: { configurable: { model: "m" } },
    context: { a: 1 },
    metadata: { team: "x" },
  };
  const made = await here.client.assistants.create(given);
  expect(made).toMatchObject({
    assistant_id: assistantId,
    graph_id: "steps",
    version: 1,
    name: "Mine",
    description: "what it does",
    config: { configurable: { model: "m" } },
    context: { a: 1 },
    metadata: { team: "x" },
  });
  await expect(here.client.assistants.create(given)).rejects.toThrowError("HTTP 409: Assistant already exists");
  expect(await here.client.assistants.create({ ...given, name: "Other", ifExists: "do_nothing" })).toEqual(made);
  expect((await here.client.assistants.create({ graphId: "steps" })).name).toBe("Untitled");
});

verifies("assistants.search", async () => {
  const group = randomUUID();
  for (const name of ["Alpha", "beta", "alphabet"]) await here.client.assistants.create({ graphId: "steps", name, metadata: { group, at: { name } } });
  const found = async (query: Parameters<typeof here.client.assistants.search>[0]) =>
    (await here.client.assistants.search({ metadata: { group }, ...query })).map((assistant) => assistant.name).toSorted();
  expect(await found({})).toEqual(["Alpha", "alphabet", "beta"]);
  expect(await found({ name: "alpha" })).toEqual(["Alpha", "alphabet"]);
  expect(await found({ metadata: { group, at: { name: "beta" } } })).toEqual(["beta"]);
  expect(await found({ graphId: "chat" })).toEqual([]);
  const first = await here.client.assistants.search({ metadata: { group }, limit: 2, sortBy: "name", sortOrder: "asc", includePagination: true });
  expect(first.assistants).toHaveLength(2);
  expect(first.next).toBe("2");
  const rest = await here.client.assistants.search({ metadata: { group }, limit: 2, offset: 2, sortBy: "name", sortOrder: "asc", includePagination: true });
  expect([rest.assistants.length, rest.next]).toEqual([1, null]);
  const fields = await here.client.assistants.search({ metadata: { group }, select: ["name"], limit: 1 });
  expect(Object.keys(fields[0] ?? {})).toEqual(["name"]);
});

verifies("assistants.count", async () => {
  const group = randomUUID();
  for (const name of ["one", "two"]) await here.client.assistants.create({ graphId: "steps", name, metadata: { group } });
  expect(await here.client.assistants.count({ metadata: { group } })).toBe(2);
  expect(await here.client.assistants.count({ metadata: { group }, name: "ONE" })).toBe(1);
});

verifies("assistants.update-versions", async () => {
  const { assistant_id: id } = await here.client.assistants.create({ graphId: "steps", name: "v1", metadata: { kept: 1 } });
  const second = await here.client.assistants.update(id, { name: "v2", metadata: { added: 2 } });
  expect(second).toMatchObject({ version: 2, name: "v2", metadata: { kept: 1, added: 2 } });
  expect((await here.client.assistants.update(id, {})).version).toBe(3);
  const versions = await here.client.assistants.getVersions(id);
  expect(versions.map((version) => version.version)).toEqual([3, 2, 1]);
  const back = await here.client.assistants.setLatest(id, 1);
  expect(back).toMatchObject({ version: 1, name: "v1" });
  expect((await here.client.assistants.get(id)).name).toBe("v1");
  expect((await here.client.assistants.update(id, {})).version).toBe(4);
  await expect(here.client.assistants.setLatest(id, 99)).rejects.toThrowError("HTTP 404");
  await expect(here.client.assistants.getVersions(randomUUID())).rejects.toThrowError("HTTP 404");
});

verifies("assistants.delete", async () => {
  const { assistant_id: id } = await here.client.assistants.create({ graphId: "steps" });
  const answer = await here.http("DELETE", `/assistants/${id}`);
  expect([answer.status, await answer.json()]).toEqual([200, [id]]);
  await expect(here.client.assistants.get(id)).rejects.toThrowError("HTTP 404");
  await expect(here.client.assistants.delete(id)).rejects.toThrowError("HTTP 404");
});

verifies("assistants.delete-threads", async () => {
  const { assistant_id: id } = await here.client.assistants.create({ graphId: "steps" });
  const [gone, kept] = [await here.client.threads.create(), await here.client.threads.create()];
  await here.client.runs.wait(gone.thread_id, id, { input: {} });
  await here.client.runs.wait(kept.thread_id, "steps", { input: {} });
  await here.client.assistants.delete(id, { deleteThreads: true });
  await expect(here.client.threads.get(gone.thread_id)).rejects.toThrowError("HTTP 404");
  expect((await here.client.threads.get(kept.thread_id)).status).toBe("idle");
});

verifies("assistants.unknown", async () => {
  await expect(here.client.assistants.get(randomUUID())).rejects.toThrowError("HTTP 404: Assistant not found");
  await expect(here.client.assistants.get("no_such_graph")).rejects.toThrowError("HTTP 404");
  await expect(here.client.assistants.update(randomUUID(), { name: "x" })).rejects.toThrowError("HTTP 404");
});

verifies("assistants.graph", async () => {
  const drawn = await here.client.assistants.getGraph("steps");
  expect(drawn.nodes.map((node) => node.id)).toEqual(expect.arrayContaining(["__start__", "one", "two", "three", "__end__"]));
  expect(drawn.edges).toEqual(expect.arrayContaining([expect.objectContaining({ source: "one", target: "two" })]));
  const flat = await here.client.assistants.getGraph("parent");
  const deep = await here.client.assistants.getGraph("parent", { xray: true });
  expect(flat.nodes.map((node) => String(node.id))).not.toContain("child:think");
  expect(deep.nodes.map((node) => String(node.id))).toContain("child:think");
});

verifies("assistants.schemas", async () => {
  const schemas = await here.client.assistants.getSchemas("steps");
  expect(schemas).toMatchObject({ graph_id: "steps" });
  for (const key of ["input_schema", "output_schema", "state_schema", "config_schema", "context_schema"]) expect(schemas).toHaveProperty(key);
});

verifies("assistants.subgraphs", async () => {
  expect(Object.keys(await here.client.assistants.getSubgraphs("parent"))).toEqual(["child"]);
  expect(Object.keys(await here.client.assistants.getSubgraphs("parent", { namespace: "child", recurse: true }))).toEqual(["child"]);
  expect(await here.client.assistants.getSubgraphs("steps")).toEqual({});
});

verifies("assistants.subgraphs-recursive", async () => {
  const all = await here.client.assistants.getSubgraphs("trip", { recurse: true });
  expect(Object.keys(all)).toEqual(["errand", "errand|call"]);
  for (const schemas of Object.values(all)) expect(schemas).toMatchObject({ state: expect.anything(), input: expect.anything(), output: expect.anything() });
});

verifies("assistants.graph-shape", async () => {
  const drawn = await here.client.assistants.getGraph("crossing");
  expect(drawn.nodes).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: "__start__", type: "schema" }),
      expect.objectContaining({ id: "choose", type: "runnable", data: expect.objectContaining({ name: "choose" }) }),
      expect.objectContaining({ id: "__end__", type: "schema" }),
    ]),
  );
  expect(drawn.edges).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ source: "__start__", target: "choose" }),
      expect.objectContaining({ source: "choose", target: "left", conditional: true }),
      expect.objectContaining({ source: "right", target: "carry", conditional: true }),
    ]),
  );
});

verifies("assistants.versions", async () => {
  const { assistant_id: id } = await here.client.assistants.create({ graphId: "steps" });
  await here.client.assistants.update(id, { config: { configurable: { model: "m" } } });
  await here.client.assistants.update(id, { metadata: { mark: "third" } });
  const numbers = async (query?: Parameters<typeof here.client.assistants.getVersions>[1]) =>
    (await here.client.assistants.getVersions(id, query)).map((version) => version.version);
  expect(await numbers()).toEqual([3, 2, 1]);
  expect(await numbers({ limit: 1 })).toEqual([3]);
  expect(await numbers({ offset: 1 })).toEqual([2, 1]);
  expect(await numbers({ metadata: { mark: "third" } })).toEqual([3]);
  expect((await here.client.assistants.getVersions(id, { limit: 1, offset: 1 }))[0]).toMatchObject({ config: { configurable: { model: "m" } } });
  await here.client.assistants.delete(id);
  await expect(here.client.assistants.getVersions(id)).rejects.toThrowError("HTTP 404");
});

verifies("assistants.from-environment", async () => {
  const [found] = await here.client.assistants.search({ graphId: "mirror", metadata: { created_by: "system" } });
  expect(found).toMatchObject({ name: "mirror", config: { configurable: { model: "from outside" } }, context: { place: "here" } });
  const { thread_id: id } = await here.client.threads.create();
  expect(await here.client.runs.wait(id, "mirror", { input: {} })).toMatchObject({
    configurable: { model: "from outside" },
    context: { place: "here" },
  });
});
