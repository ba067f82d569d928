import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

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
