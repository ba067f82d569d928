import { describe, expect, it } from "vitest";
import { Store } from "#runtime/store.ts";
import { testDatabase } from "../helpers/database.ts";

const { database } = await testDatabase();
const store = new Store(database);

describe("the long-term store", () => {
  it("keeps an item, replaces it, finds it and forgets it", async () => {
    await store.put(["people", "ada"], "likes", { tea: true });
    const first = await store.get(["people", "ada"], "likes");
    expect(first).toMatchObject({ namespace: ["people", "ada"], key: "likes", value: { tea: true } });
    expect(first?.createdAt).toBeInstanceOf(Date);
    await store.put(["people", "ada"], "likes", { tea: false });
    const second = await store.get(["people", "ada"], "likes");
    expect(second?.value).toEqual({ tea: false });
    expect(second?.createdAt).toEqual(first?.createdAt);
    await store.delete(["people", "ada"], "likes");
    expect(await store.get(["people", "ada"], "likes")).toBeNull();
  });

  it("ends a prefix at a label, whatever the labels contain", async () => {
    await store.put(["tenant", "acme"], "mine", { of: "acme" });
    await store.put(["tenant", "acme-corp"], "theirs", { of: "acme-corp" });
    await store.put(["tenant", "acme", "deep"], "mine too", { of: "acme" });
    await store.put(["tenant", 'ac"me,{}\\:%_'], "odd", { of: "odd" });
    const found = await store.search(["tenant", "acme"]);
    expect(found.map((item) => item.key).toSorted()).toEqual(["mine", "mine too"]);
    expect((await store.search(["tenant", 'ac"me,{}\\:%_'])).map((item) => item.key)).toEqual(["odd"]);
    expect(await store.search([], { limit: 100 })).toHaveLength(4);
  });

  it("filters by every operator, over mixed types, without failing", async () => {
    const values = [{ n: 1 }, { n: 2, tag: "b" }, { n: "2" }, { n: null }, { tag: "c" }, { n: { deep: 1 } }];
    for (const [place, value] of values.entries()) await store.put(["filter"], String(place), value);
    const keys = async (filter: Record<string, unknown>) => (await store.search(["filter"], { filter, limit: 100 })).map((item) => item.key).toSorted();
    expect(await keys({ n: 2 })).toEqual(["1"]);
    expect(await keys({ n: "2" })).toEqual(["2"]);
    expect(await keys({ n: null })).toEqual(["3"]);
    expect(await keys({ n: { deep: 1 } })).toEqual(["5"]);
    expect(await keys({ n: { $gt: 1 } })).toEqual(["1"]);
    expect(await keys({ n: { $gte: 1, $lt: 2 } })).toEqual(["0"]);
    expect(await keys({ n: { $lte: 2 }, tag: "b" })).toEqual(["1"]);
    expect(await keys({ tag: { $gt: "b" } })).toEqual(["4"]);
    expect(await keys({ tag: { $ne: "b" } })).toEqual(["0", "2", "3", "4", "5"]);
    expect(await keys({ n: { $in: [1, "2"] } })).toEqual(["0", "2"]);
    expect(await keys({ n: { $nin: [1, "2"] } })).toEqual(["1", "3", "4", "5"]);
    expect(await keys({ "n' or true --": 1 })).toEqual([]);
    expect(await keys({ n: { $eq: "1'; drop table store_items; --" } })).toEqual([]);
    await expect(keys({ n: { $regex: "." } })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("pages through what it finds", async () => {
    for (let place = 0; place < 7; place += 1) await store.put(["pages"], String(place), { place });
    const pages = [await store.search(["pages"], { limit: 4 }), await store.search(["pages"], { limit: 4, offset: 4 })];
    expect(pages.flat().map((item) => item.key)).toEqual(["6", "5", "4", "3", "2", "1", "0"]);
  });

  it("lists namespaces by prefix, suffix, wildcard and depth", async () => {
    for (const namespace of [["list", "a", "notes"], ["list", "a", "tasks"], ["list", "b", "notes"], ["listing"]]) await store.put(namespace, "x", {});
    expect(await store.listNamespaces({ prefix: ["list"] })).toEqual([
      ["list", "a", "notes"],
      ["list", "a", "tasks"],
      ["list", "b", "notes"],
    ]);
    expect(await store.listNamespaces({ prefix: ["list"], suffix: ["notes"] })).toEqual([
      ["list", "a", "notes"],
      ["list", "b", "notes"],
    ]);
    expect(await store.listNamespaces({ prefix: ["list", "*", "tasks"] })).toEqual([["list", "a", "tasks"]]);
    expect(await store.listNamespaces({ prefix: ["list"], maxDepth: 2 })).toEqual([
      ["list", "a"],
      ["list", "b"],
    ]);
    expect(await store.listNamespaces({ prefix: ["list"], limit: 1, offset: 1 })).toEqual([["list", "a", "tasks"]]);
  });

  it("answers a batch in order, reading before it writes", async () => {
    await store.put(["batch"], "a", { at: 1 });
    const results = await store.batch([
      { namespace: ["batch"], key: "a", value: { at: 2 } },
      { namespace: ["batch"], key: "a" },
      { namespacePrefix: ["batch"] },
      { matchConditions: [{ matchType: "prefix", path: ["batch"] }], limit: 10, offset: 0 },
    ]);
    expect(results).toMatchObject([undefined, { value: { at: 1 } }, [{ value: { at: 1 } }], [["batch"]]]);
    expect((await store.get(["batch"], "a"))?.value).toEqual({ at: 2 });
  });

  it("survives what PostgreSQL cannot hold and refuses ids that it cannot have", async () => {
    await store.put(["odd"], "nul", { text: "a\0b", half: "\ud800!", whole: "😀", escaped: "\\u0000" });
    expect((await store.get(["odd"], "nul"))?.value).toEqual({ text: "a\ufffdb", half: "\ufffd!", whole: "😀", escaped: "\\u0000" });
    await expect(store.put(["odd", "\0"], "x", {})).rejects.toMatchObject({ code: "invalid_request" });
    await expect(store.get(["odd"], "\ud800")).rejects.toMatchObject({ code: "invalid_request" });
    await expect(store.put([], "x", {})).rejects.toThrow(/[Nn]amespace/);
  });
});
