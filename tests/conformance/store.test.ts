import { randomUUID } from "node:crypto";
import { afterAll, expect } from "vitest";
import { startEmbeddingEndpoint } from "../helpers/embedding-endpoint.ts";
import { verifies } from "./verifies.ts";
import { fixture, world } from "./world.ts";

const embedding = await startEmbeddingEndpoint(48);
afterAll(() => embedding[Symbol.asyncDispose]());
const here = world({ langgraphJson: fixture("store/langgraph.json"), environment: () => ({ OPENAI_BASE_URL: embedding.url }) });

verifies("store.items", async () => {
  const namespace = ["users", randomUUID()];
  expect(await here.client.store.getItem(namespace, "k")).toBeNull();
  await here.client.store.putItem(namespace, "k", { a: 1 });
  const first = await here.client.store.getItem(namespace, "k");
  expect(first).toMatchObject({ namespace, key: "k", value: { a: 1 } });
  await here.client.store.putItem(namespace, "k", { b: 2 });
  const second = await here.client.store.getItem(namespace, "k");
  expect(second?.value).toEqual({ b: 2 });
  expect(second?.createdAt).toBe(first?.createdAt);
  await here.client.store.deleteItem(namespace, "k");
  expect(await here.client.store.getItem(namespace, "k")).toBeNull();
  await here.client.store.deleteItem(namespace, "k");
});

verifies("store.search", async () => {
  const root = `r${randomUUID()}`;
  const put = (labels: string[], key: string, value: Record<string, unknown>) => here.client.store.putItem([root, ...labels], key, value);
  await put(["a"], "1", { kind: "x", n: 1 });
  await put(["a", "deep"], "2", { kind: "y", n: 2 });
  await put(["ab"], "3", { kind: "x", n: 3 });
  await put(["a%"], "4", { kind: "x", n: 4 });
  await put(["a_"], "5", { kind: "x", n: 5 });
  const keys = async (prefix: string[], options?: Parameters<typeof here.client.store.searchItems>[1]) =>
    (await here.client.store.searchItems([root, ...prefix], options)).items.map((item) => item.key).toSorted();
  expect(await keys([])).toEqual(["1", "2", "3", "4", "5"]);
  expect(await keys(["a"])).toEqual(["1", "2"]);
  expect(await keys(["a%"])).toEqual(["4"]);
  expect(await keys(["a_"])).toEqual(["5"]);
  expect(await keys([], { filter: { kind: "y" } })).toEqual(["2"]);
  expect(await keys([], { filter: { n: { $gte: 4 } } })).toEqual(["4", "5"]);
  expect(await keys([], { limit: 2 })).toHaveLength(2);
  expect(await keys([], { limit: 10, offset: 4 })).toHaveLength(1);
});

verifies("store.namespaces", async () => {
  const root = `n${randomUUID()}`;
  for (const labels of [
    ["a", "x"],
    ["a", "y"],
    ["b", "x"],
  ])
    await here.client.store.putItem([root, ...labels], "k", {});
  const list = async (options: Parameters<typeof here.client.store.listNamespaces>[0]) =>
    (await here.client.store.listNamespaces(options)).namespaces.map((labels) => labels.slice(1).join("/")).toSorted();
  expect(await list({ prefix: [root] })).toEqual(["a/x", "a/y", "b/x"]);
  expect(await list({ prefix: [root], suffix: ["x"] })).toEqual(["a/x", "b/x"]);
  expect(await list({ prefix: [root], maxDepth: 2 })).toEqual(["a", "b"]);
});

verifies("store.meaning", async () => {
  const root = `m${randomUUID()}`;
  const { store } = here.client;
  await store.putItem([root, "pets"], "cat", { text: "the cat sleeps on a sofa", age: 3 });
  await store.putItem([root, "pets"], "dog", { text: "the dog barks", age: 9 });
  await store.putItem([root, "pets"], "none", { text: "cat sofa" }, { index: false });
  await store.putItem([root, "other"], "title", { title: "cat sofa", text: "something else" }, { index: ["title"] });
  const { items } = await store.searchItems([root], { query: "cat sofa" });
  expect(items.map((item) => item.key)).toEqual(["title", "cat", "dog"]);
  expect(items[0]?.score).toBeCloseTo(1, 5);
  expect(items[1]!.score! > items[2]!.score!).toBe(true);
  expect((await store.searchItems([root, "pets"], { query: "cat sofa", filter: { age: { $gt: 5 } } })).items.map((item) => item.key)).toEqual(["dog"]);
  expect([...embedding.models]).toEqual(["text-embedding-3-small"]);
});

verifies("store.meaning-fails", async () => {
  const root = `f${randomUUID()}`;
  await here.client.store.putItem([root], "k", { text: "before" });
  embedding.down = true;
  try {
    const answer = await here.http("PUT", "/store/items", { namespace: [root], key: "k", value: { text: "after" } }, { "content-type": "application/json" });
    expect([answer.status, answer.headers.get("x-error-code")]).toEqual([502, "model_failed"]);
    // what the model's endpoint said, and where it is, stays with the server
    expect(await answer.text()).toBe("The store's embedding failed. The server's log tells more.");
  } finally {
    embedding.down = false;
  }
  expect((await here.client.store.getItem([root], "k"))?.value).toEqual({ text: "before" });
});

verifies("store.ttl", async () => {
  const root = `t${randomUUID()}`;
  const { store } = here.client;
  const { sql } = here.database.database;
  await store.putItem([root], "short", { a: 1 }, { ttl: 5 });
  await store.putItem([root], "default", { a: 1 });
  await store.putItem([root], "ever", { a: 1 }, { ttl: null });
  const minutes = async () =>
    Object.fromEntries((await sql`select key, ttl_minutes from store_items where namespace[2] = ${root}`).map((row) => [row["key"], row["ttl_minutes"]]));
  expect(await minutes()).toEqual({ short: 5, default: 600, ever: null });
  await sql`update store_items set expires_at = clock_timestamp() + interval '1 minute' where key = 'short' and namespace[2] = ${root}`;
  const later = async () =>
    (await sql`select expires_at > clock_timestamp() + interval '3 minutes' as later from store_items where key = 'short' and namespace[2] = ${root}`)[0]?.[
      "later"
    ];
  await store.getItem([root], "short");
  expect(await later()).toBe(false);
  await store.getItem([root], "short", { refreshTtl: true });
  expect(await later()).toBe(true);
  await sql`update store_items set expires_at = clock_timestamp() where key = 'short' and namespace[2] = ${root}`;
  expect(await store.getItem([root], "short")).toBeNull();
  expect((await store.searchItems([root])).items.map((item) => item.key).toSorted()).toEqual(["default", "ever"]);
});

verifies("store.statuses", async () => {
  const put = async (body: unknown) => {
    const answer = await here.http("PUT", "/store/items", body, { "content-type": "application/json" });
    return [answer.status, await answer.text()];
  };
  const item = { namespace: ["s"], key: "k", value: {} };
  expect(await put(item)).toEqual([204, ""]);
  expect(await put({ ...item, namespace: [] })).toEqual([400, "Namespace is required"]);
  expect(await put({ ...item, namespace: ["a.b"] })).toEqual([422, "Namespace labels cannot be empty or contain periods. Received: a.b"]);
  expect(await put({ ...item, namespace: ["a", ""] })).toEqual([422, "Namespace labels cannot be empty or contain periods. Received: a."]);
  expect((await put({ ...item, namespace: ["langgraph"] }))[0]).toBe(400);
  expect((await put({ ...item, ttl: -1 }))[0]).toBe(400);
  expect((await put({ ...item, index: true }))[0]).toBe(400);
  const found = await here.http(
    "POST",
    "/store/items/search",
    { namespace_prefix: ["s"], filter: { n: { $regex: "." } } },
    { "content-type": "application/json" },
  );
  expect(found.status).toBe(400);
});

verifies("store.in-graphs", async () => {
  const shelf = `s${randomUUID()}`;
  const values = await here.client.runs.wait(null, "librarian", { input: { shelf, text: "ships sail", question: "sail" } });
  expect(values).toMatchObject({ shelves: expect.arrayContaining([["library", shelf]]) });
  expect((values as { found: { key: string; score: number }[] }).found.map((item) => item.key)).toEqual(["ships sail"]);
  const { items } = await here.client.store.searchItems(["library", shelf], { query: "ships sail" });
  expect(items.map((item) => item.key)).toEqual(["ships sail"]);
});
