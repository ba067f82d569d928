import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

verifies("threads.create-empty", async () => {
  const answer = await here.http("POST", "/threads");
  const thread: unknown = await answer.json();
  expect(answer.status).toBe(200);
  expect(thread).toMatchObject({ thread_id: expect.stringMatching(/^[0-9a-f-]{36}$/), status: "idle", metadata: {} });
});

verifies("threads.create", async () => {
  const threadId = randomUUID();
  const made = await here.client.threads.create({ threadId, metadata: { who: "ann" }, graphId: "steps" });
  expect(made).toMatchObject({ thread_id: threadId, status: "idle", metadata: { who: "ann", graph_id: "steps" } });
  expect(Date.parse(made.created_at)).not.toBeNaN();
  await expect(here.client.threads.create({ threadId })).rejects.toThrowError("HTTP 409: Thread already exists");
  expect(await here.client.threads.create({ threadId, metadata: { who: "bob" }, ifExists: "do_nothing" })).toMatchObject({ metadata: { who: "ann" } });
});

verifies("threads.supersteps", async () => {
  const made = await here.client.threads.create({
    graphId: "steps",
    supersteps: [{ updates: [{ values: { log: ["given"] }, asNode: "__start__" }] }, { updates: [{ values: { log: ["one"], last: "one" }, asNode: "one" }] }],
  });
  const state = await here.client.threads.getState(made.thread_id);
  expect(state).toMatchObject({ values: { log: ["given", "one"], last: "one" }, next: ["two"] });
  expect(await here.client.runs.wait(made.thread_id, "steps", { input: null })).toMatchObject({ log: ["given", "one", "two", "three"] });
  const without = await here.http("POST", "/threads", { supersteps: [{ updates: [{ values: {}, as_node: "one" }] }] });
  expect(without.status).toBe(400);
});

verifies("threads.get-unknown", async () => {
  const id = randomUUID();
  await expect(here.client.threads.get(id)).rejects.toThrowError(`HTTP 404: Thread with ID ${id} not found`);
  await expect(here.client.threads.getState(id)).rejects.toThrowError("HTTP 404");
  await expect(here.client.threads.getHistory(id)).rejects.toThrowError("HTTP 404");
  await expect(here.client.threads.update(id, { metadata: {} })).rejects.toThrowError("HTTP 404");
  await expect(here.client.threads.delete(id)).rejects.toThrowError("HTTP 404");
  await expect(here.client.runs.list(id)).rejects.toThrowError("HTTP 404");
});

verifies("threads.search", async () => {
  const group = randomUUID();
  const plain = await here.client.threads.create({ metadata: { group, nested: { a: 1, b: 2 } } });
  const done = await here.client.threads.create({ metadata: { group } });
  const asking = await here.client.threads.create({ metadata: { group } });
  await here.client.runs.wait(done.thread_id, "steps", { input: {} });
  await here.client.runs.wait(asking.thread_id, "ask", { input: {} });
  const ids = async (query: Parameters<typeof here.client.threads.search>[0]) =>
    (await here.client.threads.search({ metadata: { group }, ...query })).map((thread) => thread.thread_id);

  expect(await ids({})).toEqual([asking.thread_id, done.thread_id, plain.thread_id]);
  expect(await ids({ sortBy: "created_at", sortOrder: "asc" })).toEqual([plain.thread_id, done.thread_id, asking.thread_id]);
  expect(await ids({ metadata: { group, nested: { a: 1 } } })).toEqual([plain.thread_id]);
  expect(await ids({ status: "interrupted" })).toEqual([asking.thread_id]);
  expect(await ids({ ids: [plain.thread_id, randomUUID()] })).toEqual([plain.thread_id]);
  expect(await ids({ values: { last: "three" } })).toEqual([done.thread_id]);
  expect(await ids({ limit: 1, offset: 1 })).toEqual([done.thread_id]);

  const [interrupted] = await here.client.threads.search({ metadata: { group }, status: "interrupted" });
  expect(Object.values(interrupted?.interrupts ?? {})).toEqual([[expect.objectContaining({ id: expect.any(String), value: { question: "first" } })]]);
  const [finished] = await here.client.threads.search({ ids: [done.thread_id] });
  expect(finished?.values).toMatchObject({ log: ["one", "two", "three"] });

  const page = await here.http("POST", "/threads/search", { metadata: { group }, limit: 2, select: ["thread_id"] });
  expect([page.headers.get("x-pagination-total"), page.headers.get("x-pagination-next")]).toEqual(["3", "2"]);
  expect(await page.json()).toEqual([{ thread_id: asking.thread_id }, { thread_id: done.thread_id }]);
});

verifies("threads.count", async () => {
  const group = randomUUID();
  for (let index = 0; index < 3; index += 1) await here.client.threads.create({ metadata: { group } });
  expect(await here.client.threads.count({ metadata: { group } })).toBe(3);
  expect(await here.client.threads.count({ metadata: { group }, status: "busy" })).toBe(0);
});

verifies("threads.update", async () => {
  const { thread_id: id } = await here.client.threads.create({ metadata: { kept: 1, changed: 1 } });
  const updated = await here.client.threads.update(id, { metadata: { changed: 2, added: 3 } });
  expect(updated.metadata).toEqual({ kept: 1, changed: 2, added: 3 });
  const minimal = await here.http("PATCH", `/threads/${id}`, { metadata: { quiet: 4 } }, { prefer: "return=minimal" });
  expect(minimal.status).toBe(204);
  expect((await here.client.threads.get(id)).metadata).toEqual({ kept: 1, changed: 2, added: 3, quiet: 4 });
});

verifies("threads.delete", async () => {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, "steps", { input: {} });
  const answer = await here.http("DELETE", `/threads/${id}`);
  expect(answer.status).toBe(204);
  await expect(here.client.threads.get(id)).rejects.toThrowError("HTTP 404");
  // the same id again starts from nothing
  await here.client.threads.create({ threadId: id });
  expect((await here.client.threads.getState(id)).values).toEqual({});
  expect(await here.client.runs.list(id)).toEqual([]);
});

verifies("threads.copy", async () => {
  const original = await here.client.threads.create({ metadata: { who: "ann" } });
  await here.client.runs.wait(original.thread_id, "ask", { input: {} });
  const copy = await here.client.threads.copy(original.thread_id);
  expect(copy.thread_id).not.toBe(original.thread_id);
  expect(copy.metadata).toMatchObject({ who: "ann" });
  const answered = await here.client.runs.wait(copy.thread_id, "ask", { command: { resume: "in the copy" } });
  expect(answered).toMatchObject({ answers: { first: "in the copy" }, done: true });
  const state = await here.client.threads.getState<{ done?: boolean }>(original.thread_id);
  expect([state.next, state.values.done]).toEqual([["first"], undefined]);
  await expect(here.client.threads.copy(randomUUID())).rejects.toThrowError("HTTP 409");
});

verifies("threads.run-metadata", async () => {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, "steps", { input: {} });
  const { assistant_id } = await here.client.assistants.get("steps");
  expect((await here.client.threads.get(id)).metadata).toMatchObject({ graph_id: "steps", assistant_id });
});

verifies("threads.extract", async () => {
  const group = randomUUID();
  const { thread_id: id } = await here.client.threads.create({ metadata: { group } });
  await here.client.runs.wait(id, "steps", { input: {} });
  const extract = { final: "values.log[-1]", whole: "values.log", graph: "metadata.graph_id", nothing: "values.log[9].name", proto: "values.__proto__" };
  const [found] = await here.client.threads.search({ metadata: { group }, extract });
  expect(found).toMatchObject({ thread_id: id, values: { last: "three" } });
  const extracted = { final: "three", whole: ["one", "two", "three"], graph: "steps", nothing: null, proto: null };
  expect(found).toHaveProperty("extracted", extracted);
  const [selected] = await here.client.threads.search({ metadata: { group }, extract, select: ["thread_id"] });
  expect(selected).toEqual({ thread_id: id, extracted });
  expect((await here.http("POST", "/threads/search", { extract: { bad: "values..x" } })).status).toBe(400);
});

verifies("threads.pages", async () => {
  const group = randomUUID();
  for (let made = 0; made < 3; made += 1) await here.client.threads.create({ metadata: { group } });
  const page = async (limit: number, offset: number) => {
    const answer = await here.http("POST", "/threads/search", { metadata: { group }, limit, offset });
    const items = (await answer.json()) as unknown[];
    return [items.length, answer.headers.get("x-pagination-total"), answer.headers.get("x-pagination-next")];
  };
  expect(await page(2, 0)).toEqual([2, "3", "2"]);
  expect(await page(2, 2)).toEqual([1, "3", null]);
  expect(await page(3, 0)).toEqual([3, "3", null]);
  expect(await page(2, 5)).toEqual([0, "3", null]);
});

verifies("threads.copy-history", async () => {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, "steps", { input: {} });
  const { thread_id: copy } = await here.client.threads.copy(id);
  const history = await here.client.threads.getHistory(id, { limit: 100 });
  expect(history).toHaveLength(5);
  const copied: unknown = JSON.parse(JSON.stringify(history).replaceAll(id, copy));
  expect(await here.client.threads.getHistory(copy, { limit: 100 })).toEqual(copied);
  await here.client.threads.updateState(copy, { values: { log: ["in the copy"] } });
  expect((await here.client.threads.getState<{ log: string[] }>(copy)).values.log.at(-1)).toBe("in the copy");
  expect(await here.client.threads.getHistory(id, { limit: 100 })).toEqual(history);
});

verifies("threads.supersteps-commands", async () => {
  const { thread_id: id } = await here.client.threads.create({
    graphId: "steps",
    supersteps: [
      { updates: [{ values: { log: ["given"] }, asNode: "__input__" }] },
      { updates: [{ values: { log: ["given"] }, asNode: "__start__" }] },
      { updates: [{ values: null, command: { update: { log: ["by command"] } }, asNode: "one" }] },
    ],
  });
  const history = await here.client.threads.getHistory<{ log: string[] }>(id);
  expect(history.map((state) => [state.next[0], state.values.log])).toEqual([
    ["two", ["given", "by command"]],
    ["one", ["given"]],
    ["__start__", []],
  ]);
});
