import { describe, expect, it } from "vitest";
import { AsyncBatchedStore, type GetOperation } from "@langchain/langgraph-checkpoint";
import { sweepStoreItems } from "#db/queries/sweep-store-items.ts";
import { AppError } from "#errors";
import { OwnedStore } from "#runtime/owned-store.ts";
import { mendStoreOfNodes } from "#runtime/store-in-nodes.ts";
import { type RefreshingRead, Store, type TimedPut } from "#runtime/store.ts";
import { testDatabase } from "../helpers/database.ts";
import { wordVector } from "../helpers/embedding-endpoint.ts";

const DIMS = 64;
const { database } = await testDatabase();
const embedded: string[] = [];
const embed = async (texts: string[]) => {
  if (texts.some((text) => text.includes("unembeddable"))) throw new Error("no vector for this");
  embedded.push(...texts);
  return texts.map((text) => wordVector(text, DIMS));
};
const store = new Store(database, { index: { dims: DIMS, fields: ["text"], embed }, ttl: { defaultMinutes: null, refreshOnRead: true } });

const vectors = async (key: string) => {
  const [row] = await database.sql`select count(*)::int as count from store_vectors where key = ${key}`;
  return row?.["count"] as number;
};

describe("search by meaning", () => {
  it("ranks by likeness under a prefix, with filter and pages, and says how like", async () => {
    await store.put(["animals"], "cat", { text: "the cat sleeps on the sofa", legs: 4 });
    await store.put(["animals", "wild"], "tiger", { text: "a tiger is a large cat", legs: 4 });
    await store.put(["animals"], "wren", { text: "a wren sings", legs: 2 });
    await store.put(["animalsx"], "other", { text: "cat cat cat" });
    const found = await store.search(["animals"], { query: "cat sofa" });
    expect(found.map((item) => item.key)).toEqual(["cat", "tiger", "wren"]);
    const [first, second, third] = found.map((item) => item.score ?? Number.NaN);
    expect([first! > second!, second! > third!, first! <= 1]).toEqual([true, true, true]);
    expect((await store.search(["animals"], { query: "cat sofa", filter: { legs: { $lt: 4 } } })).map((item) => item.key)).toEqual(["wren"]);
    expect((await store.search(["animals"], { query: "cat sofa", limit: 1, offset: 1 })).map((item) => item.key)).toEqual(["tiger"]);
    expect((await store.search(["animals"])).every((item) => !("score" in item))).toBe(true);
  });

  it("embeds the fields that a put names, each of a list, or none; a later put replaces them", async () => {
    await store.put(["fields"], "book", { text: "x", chapters: [{ content: "whales" }, { content: "ships" }] }, ["chapters[*].content"]);
    expect(await vectors("book")).toBe(2);
    expect((await store.search(["fields"], { query: "ships" }))[0]).toMatchObject({ key: "book", score: expect.closeTo(1, 5) });
    await store.put(["fields"], "book", { text: "harbour" });
    expect(await vectors("book")).toBe(1);
    expect((await store.search(["fields"], { query: "ships" }))[0]?.score).toBeCloseTo(0, 5);
    await store.put(["fields"], "book", { text: "harbour" }, false);
    expect([await vectors("book"), await store.search(["fields"], { query: "harbour" })]).toEqual([0, []]);
    expect((await store.search(["fields"])).map((item) => item.key)).toEqual(["book"]);
    await store.put(["fields"], "book", { text: "harbour" });
    await store.delete(["fields"], "book");
    expect(await vectors("book")).toBe(0);
  });

  it("stores nothing when the model fails, and leaves what was there", async () => {
    await store.put(["fails"], "kept", { text: "before" });
    const batch = store.batch([
      { namespace: ["fails"], key: "kept", value: { text: "unembeddable" } },
      { namespace: ["fails"], key: "beside", value: { text: "fine" } },
    ]);
    await expect(batch).rejects.toMatchObject({ code: "model_failed" });
    expect((await store.search(["fails"])).map((item) => item.value)).toEqual([{ text: "before" }]);
    expect((await store.search(["fails"], { query: "before" })).map((item) => item.key)).toEqual(["kept"]);
  });

  it("refuses vectors of another size, and skips those of an older configuration", async () => {
    const smaller = new Store(database, { index: { dims: 8, fields: ["$"], embed } });
    await expect(smaller.put(["sizes"], "x", { text: "y" })).rejects.toMatchObject({ code: "invalid_config" } satisfies Partial<AppError>);
    await store.put(["sizes"], "old", { text: "word" });
    const resized = new Store(database, { index: { dims: 8, fields: ["$"], embed: async (texts) => texts.map((text) => wordVector(text, 8)) } });
    expect(await resized.search(["sizes"], { query: "word" })).toEqual([]);
  });

  it("is exact among many, and keeps every page", async () => {
    const words = Array.from({ length: 300 }, (_, place) => `${"abcdefghij"[place % 10]}${"klmnopqrst"[Math.floor(place / 10) % 10]}x`.repeat(1 + (place % 3)));
    await store.batch(words.map((text, place) => ({ namespace: ["many"], key: String(place), value: { text: `${text} common` } })));
    const pages = await Promise.all([0, 100, 200].map((offset) => store.search(["many"], { query: `${words[7]} common`, limit: 100, offset })));
    const found = pages.flat();
    expect(new Set(found.map((item) => item.key)).size).toBe(300);
    const likeQuery = (text: string) => cosine(wordVector(`${words[7]} common`, DIMS), wordVector(text, DIMS));
    const best = words.map((word) => likeQuery(`${word} common`)).toSorted((a, b) => b - a);
    for (const [place, item] of found.entries()) {
      expect(item.score).toBeCloseTo(best[place] ?? Number.NaN, 5);
      expect(item.score).toBeCloseTo(likeQuery(String(item.value["text"])), 5);
    }
  });

  it("finds nothing of another owner, however like it is", async () => {
    await new OwnedStore(store, "ada").put(["diary"], "mine", { text: "secret treasure" });
    await new OwnedStore(store, "bob").put(["diary"], "mine", { text: "shopping list" });
    expect((await new OwnedStore(store, "bob").search([], { query: "secret treasure" })).map((item) => item.value)).toEqual([{ text: "shopping list" }]);
    expect((await new OwnedStore(store, "ada").search(["diary"], { query: "secret treasure" }))[0]).toMatchObject({
      namespace: ["diary"],
      score: expect.closeTo(1, 5),
    });
  });

  it("asks no model without need", async () => {
    embedded.length = 0;
    await store.search(["animals"], { query: "  " });
    await store.put(["none"], "x", { other: "no text field" });
    await store.delete(["none"], "x");
    expect(embedded).toEqual([]);
  });
});

describe("time to live", () => {
  const timed = new Store(database, { ttl: { defaultMinutes: 60, refreshOnRead: false } });
  const expiry = async (key: string) => (await database.sql`select ttl_minutes, expires_at from store_items where key = ${key}`)[0];
  const pass = (key: string) => database.sql`update store_items set expires_at = clock_timestamp() - interval '1 second' where key = ${key}`;

  it("is the put's, else the configured one; null is for ever", async () => {
    await timed.put(["ttl"], "default", {});
    const puts: TimedPut[] = [
      { namespace: ["ttl"], key: "own", value: {}, ttl: 5 },
      { namespace: ["ttl"], key: "ever", value: {}, ttl: null },
    ];
    await timed.batch(puts);
    expect([await expiry("default"), await expiry("own"), await expiry("ever")]).toMatchObject([
      { ttl_minutes: 60 },
      { ttl_minutes: 5 },
      { ttl_minutes: null, expires_at: null },
    ]);
  });

  it("hides what is over from every reader before a sweep removes it, vectors too", async () => {
    await store.put(["over"], "gone", { text: "forget me" });
    await store.put(["over"], "there", { text: "remember me" });
    await pass("gone");
    expect(await store.get(["over"], "gone")).toBeNull();
    expect((await store.search(["over"])).map((item) => item.key)).toEqual(["there"]);
    expect((await store.search(["over"], { query: "forget me" })).map((item) => item.key)).toEqual(["there"]);
    await store.put(["over", "deep"], "alone", { text: "x" });
    await pass("alone");
    expect(await store.listNamespaces({ prefix: ["over"] })).toEqual([["over"]]);
    expect(await sweepStoreItems(database.sql, 1_000)).toBe(2);
    expect([await vectors("gone"), await vectors("there")]).toEqual([0, 1]);
  });

  it("begins anew on a read that refreshes, and on no other", async () => {
    const soon = () => database.sql`update store_items set expires_at = clock_timestamp() + interval '1 minute' where key = 'read'`;
    const minutesLeft = async () => Math.round(((await expiry("read"))?.["expires_at"].getTime() - Date.now()) / 60_000);
    await timed.put(["reads"], "read", {});
    await soon();
    await timed.get(["reads"], "read");
    expect(await minutesLeft()).toBe(1);
    const refreshing: RefreshingRead<GetOperation>[] = [{ namespace: ["reads"], key: "read", refreshTtl: true }];
    await timed.batch(refreshing);
    expect(await minutesLeft()).toBe(60);
    await soon();
    await store.search(["reads"]);
    expect(await minutesLeft()).toBe(60);
  });

  it("starts from now, as a new item, when an expired one is put again", async () => {
    await timed.put(["again"], "reborn", { at: 1 });
    // times are told in milliseconds, and a fast machine does all of this in one
    await database.sql`update store_items set created_at = created_at - interval '1 minute' where key = 'reborn'`;
    const first = await timed.get(["again"], "reborn");
    await pass("reborn");
    await timed.put(["again"], "reborn", { at: 2 });
    const second = await timed.get(["again"], "reborn");
    expect(second?.value).toEqual({ at: 2 });
    expect(second?.createdAt.getTime()).toBeGreaterThan(first?.createdAt.getTime() ?? Number.NaN);
  });
});

describe("the store as nodes get it", () => {
  it("lists namespaces, keeps a put's index, and answers operations of one turn as one batch", async () => {
    mendStoreOfNodes();
    const inNode = new AsyncBatchedStore(store);
    inNode.start();
    const [, , found] = await Promise.all([
      inNode.put(["node"], "a", { text: "alpha" }),
      // the declaration leaves `index` out; it is LangGraph's own, though
      (inNode as unknown as Store).put(["node"], "b", { text: "beta" }, false),
      inNode.search(["node"]),
    ]);
    expect(found).toEqual([]);
    expect([await vectors("a"), await vectors("b")]).toEqual([1, 0]);
    expect(await inNode.listNamespaces({ prefix: ["node"] })).toEqual([["node"]]);
    expect((await inNode.search(["node"], { query: "alpha" })).map((item) => item.key)).toEqual(["a"]);
    await expect(inNode.put([], "x", {})).rejects.toThrow(/[Nn]amespace/);
    await inNode.stop();
  });
});

function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0);
  return dot / (Math.hypot(...one) * Math.hypot(...other));
}
