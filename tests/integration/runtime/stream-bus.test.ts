import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openDatabase } from "#db/client.ts";
import { migrate } from "#db/migrate.ts";
import { createLog } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import { type BusLimits, ONLY_END, type StreamBus } from "#runtime/stream-bus/bus.ts";
import { MemoryStreamBus } from "#runtime/stream-bus/memory.ts";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { openRedisBus } from "#runtime/stream-bus/redis.ts";
import { testDatabase } from "../../helpers/database.ts";
import { startPostgres } from "../../helpers/faults/postgres-server.ts";

const log = createLog("silent");
const redisUrl = process.env["REDIS_URL"];
type Open = (limits?: Partial<BusLimits>) => Promise<StreamBus>;

const memory: Open = async (limits) => new MemoryStreamBus(limits);
const database = (await testDatabase()).database;
const postgres: Open = (limits) => openPostgresBus({ database, log, ...(limits ? { limits } : {}) });
const redis: Open = (limits) => openRedisBus({ url: redisUrl ?? "", database, log, ...(limits ? { limits } : {}) });

function frames(from: number, count: number): StreamFrame[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(from + index), event: "values", data: `{"n":${from + index}}` }));
}

async function read(bus: StreamBus, runId: string, after = -1, signal = new AbortController().signal, most = Infinity): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of bus.subscribe(runId, { after, signal })) {
    seen.push(event.kind === "frame" ? event.frame.id : `gap:${event.next}`);
    if (seen.length >= most) break;
  }
  return seen;
}

const one = [
  ["memory", memory],
  ["postgres", postgres],
  ["redis", redis],
] as const;

describe.each(one.filter(([name]) => name !== "redis" || redisUrl))("the %s bus", (_name, open) => {
  test("delivers what was published before and after a reader came, and ends", async () => {
    await using bus = await open();
    const runId = randomUUID();
    bus.publish(runId, frames(0, 3));
    const reading = read(bus, runId);
    bus.publish(runId, frames(3, 2));
    await bus.end(runId);
    expect(await reading).toEqual(["0", "1", "2", "3", "4"]);
    expect(await read(bus, runId)).toEqual(["0", "1", "2", "3", "4"]);
    expect(await read(bus, runId, 2)).toEqual(["3", "4"]);
    expect(await read(bus, runId, 99)).toEqual([]);
    expect(await bus.last(runId)).toBe(4);
  });

  test("goes on counting over an attempt that was handed back", async () => {
    await using bus = await open();
    const runId = randomUUID();
    const reading = read(bus, runId);
    bus.publish(runId, frames(0, 2));
    await bus.flush(runId);
    const next = (await bus.last(runId)) + 1;
    bus.publish(runId, frames(next, 2));
    await bus.end(runId);
    expect(await reading).toEqual(["0", "1", "2", "3"]);
  });

  test("keeps what came before a pause of its publisher", async () => {
    await using bus = await open();
    const runId = randomUUID();
    const large = (from: number) => frames(from, 3_000).map((frame) => ({ ...frame, data: JSON.stringify("x".repeat(1_000)) }));
    for (const from of [0, 3_000, 6_000]) {
      bus.publish(runId, large(from));
      await bus.flush(runId);
    }
    await bus.end(runId);
    expect(await read(bus, runId)).toEqual(frames(0, 9_000).map(({ id }) => id));
  });

  test("keeps a bounded window and tells a reader what it lost", async () => {
    await using bus = await open({ frames: 100 });
    const runId = randomUUID();
    for (let at = 0; at < 6_000; at += 100) bus.publish(runId, frames(at, 100));
    await bus.end(runId);
    const seen = await read(bus, runId, 10);
    expect(seen[0]).toMatch(/^gap:/);
    expect(seen.at(-1)).toBe("5999");
    expect(seen.length).toBeLessThan(2_500);
  });

  test("lets a reader go at once when it is told to", async () => {
    await using bus = await open();
    const stop = new AbortController();
    const reading = read(bus, randomUUID(), -1, stop.signal);
    stop.abort();
    expect(await reading).toEqual([]);
  });

  test("forgets", async () => {
    await using bus = await open();
    const runId = randomUUID();
    bus.publish(runId, frames(0, 2));
    await bus.flush(runId);
    await bus.forget(runId);
    expect(await bus.last(runId)).toBe(-1);
  });
});

const between = [
  ["postgres", postgres],
  ["redis", redis],
] as const;

describe.each(between.filter(([name]) => name !== "redis" || redisUrl))("the %s bus between processes", (_name, open) => {
  test("one publishes, another reads, live and afterwards", async () => {
    await using here = await open();
    await using there = await open();
    const runId = randomUUID();
    const reading = read(there, runId);
    here.publish(runId, frames(0, 2));
    await here.flush(runId);
    here.publish(runId, frames(2, 600));
    await here.end(runId);
    const all = Array.from({ length: 602 }, (_, index) => String(index));
    expect(await reading).toEqual(all);
    expect(await read(there, runId, 599)).toEqual(["600", "601"]);
  });

  test("who waits for nothing but the end hears it, come early or late", async () => {
    await using here = await open();
    await using there = await open();
    const [silent, talking] = [randomUUID(), randomUUID()];
    const early = [silent, talking].map((runId) => read(there, runId, ONLY_END));
    here.publish(talking, frames(0, 3));
    await here.flush(talking);
    here.begin(silent);
    for (const runId of [silent, talking]) await here.end(runId);
    expect(await Promise.all(early)).toEqual([[], []]);
    expect(await Promise.all([silent, talking].map((runId) => read(there, runId, ONLY_END)))).toEqual([[], []]);
  });

  test("a reader follows a run that moves to its own process and back", async () => {
    await using here = await open();
    await using there = await open();
    const runId = randomUUID();
    const reading = read(there, runId);
    here.publish(runId, frames(0, 2));
    await here.flush(runId);
    there.publish(runId, frames(2, 2));
    await there.flush(runId);
    here.publish(runId, frames((await here.last(runId)) + 1, 2));
    await here.end(runId);
    expect(await reading).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
});

test("the end of a run that another process published is not lost while the database is away", async () => {
  await using server = await startPostgres();
  await using own = await openDatabase({ url: server.url, poolSize: 2 });
  await migrate(own);
  await using bus = await openPostgresBus({ database: own, log });
  const runId = randomUUID();
  await (async () => {
    await using other = await openPostgresBus({ database: own, log });
    other.publish(runId, frames(0, 2));
    await other.flush(runId);
  })();
  const reading = read(bus, runId);
  await server.stop("crash");
  await bus.end(runId);
  await bus.forget(randomUUID());
  await server.start();
  expect(await reading).toEqual(["0", "1"]);
  await using later = await openPostgresBus({ database: own, log });
  expect(await read(later, runId)).toEqual(["0", "1"]);
});
