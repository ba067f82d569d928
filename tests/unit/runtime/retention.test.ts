import { expect, test } from "vitest";
import { LanggraphJson } from "#protocol/langgraph-json.ts";
import { ThreadCreate, ThreadQuery, ThreadUpdate } from "#protocol/threads.ts";
import { KEEP_FOR_EVER, retentionOf } from "#runtime/retention.ts";

const settings = (ttl: unknown) => retentionOf(LanggraphJson.parse({ graphs: {}, checkpointer: { ttl } }).checkpointer?.ttl);

test("retention is what langgraph.json says, and for ever when it says nothing", () => {
  expect(retentionOf(LanggraphJson.parse({ graphs: {} }).checkpointer?.ttl)).toEqual(KEEP_FOR_EVER);
  expect(settings({ strategy: "keep_latest" })).toEqual(KEEP_FOR_EVER);
  expect(settings({ default_ttl: 43_200, sweep_interval_minutes: 60 })).toEqual({
    defaultTtl: { minutes: 43_200, strategy: "delete" },
    sweepMinutes: 60,
    waiting: false,
  });
  expect(settings({ default_ttl: 10, strategy: "keep_latest", sweep_waiting: true })).toMatchObject({
    defaultTtl: { minutes: 10, strategy: "keep_latest" },
    waiting: true,
  });
});

test("a ttl is minutes or an object, and null in an update takes it back", () => {
  expect(ThreadCreate.parse({ ttl: 1.5 })).toEqual({ ttl: { minutes: 1.5, strategy: "delete" } });
  expect(ThreadCreate.parse({ ttl: { ttl: 5, strategy: "keep_latest" } })).toEqual({ ttl: { minutes: 5, strategy: "keep_latest" } });
  expect(ThreadCreate.parse({ ttl: null })).toEqual({});
  expect(ThreadUpdate.parse({ ttl: null })).toEqual({ metadata: {}, ttl: null });
  expect(ThreadUpdate.parse({})).toEqual({ metadata: {} });
});

test("what is included is named once, in either form, and the unknown is passed over", () => {
  expect(ThreadQuery.parse({ include: "ttl,storage,more" }).include).toEqual(["ttl", "storage"]);
  expect(ThreadQuery.parse({ include: ["storage", "ttl", "ttl"] }).include).toEqual(["ttl", "storage"]);
  expect(ThreadQuery.parse({}).include).toEqual([]);
});
