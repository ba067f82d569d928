import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createLog } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import type { BusLimits, StreamBus } from "#runtime/stream-bus/bus.ts";
import { openRedisBus } from "#runtime/stream-bus/redis.ts";
import { testDatabase } from "../../helpers/database.ts";
import { noRedisServer, type RedisServer, startRedis } from "../../helpers/faults/redis-server.ts";
import { describeUnless } from "../../helpers/unless.ts";

const log = createLog(process.env["TEST_LOG"] ?? "silent");

function frames(from: number, count: number): StreamFrame[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(from + index), event: "values", data: `{"n":${from + index}}` }));
}

const numbers = (from: number, count: number) => frames(from, count).map((frame) => frame.id);

/** Reads until the end; `seen` fills while it does. */
function follow(bus: StreamBus, runId: string, after = -1): { seen: string[]; over: Promise<void>; has(count: number): Promise<void> } {
  const seen: string[] = [];
  const over = (async () => {
    for await (const event of bus.subscribe(runId, { after, signal: new AbortController().signal })) {
      seen.push(event.kind === "frame" ? event.frame.id : `gap:${event.next}`);
    }
  })();
  return { seen, over, has: (count) => expect.poll(() => seen.length).toBeGreaterThanOrEqual(count) };
}

describeUnless(noRedisServer(), "streams over a Redis", () => {
  async function world(limits?: Partial<BusLimits>) {
    const { database } = await testDatabase();
    const redis = await startRedis();
    const open = () => openRedisBus({ url: redis.url, database, log, ...(limits ? { limits } : {}) });
    const [here, there] = [await open(), await open()];
    return { database, redis, open, here, there, runId: randomUUID(), [Symbol.asyncDispose]: () => dispose(redis, here, there) };
  }

  async function dispose(redis: RedisServer, ...buses: StreamBus[]) {
    for (const bus of buses) await bus[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  }

  test("that is killed and comes back empty miss and repeat nothing", async () => {
    await using w = await world();
    const live = follow(w.there, w.runId);
    w.here.publish(w.runId, frames(0, 10));
    await live.has(10);
    await w.redis.kill();
    w.here.publish(w.runId, frames(10, 10));
    // while it is away: who watches goes on, and who comes now sees all of it
    await live.has(20);
    const late = follow(w.there, w.runId);
    const resumed = follow(w.there, w.runId, 4);
    await late.has(20);
    await resumed.has(15);
    await w.redis.start();
    await expect.poll(() => w.here.last(w.runId)).toBe(19);
    w.here.publish(w.runId, frames(20, 10));
    await live.has(30);
    await w.here.end(w.runId);
    await Promise.all([live.over, late.over, resumed.over]);
    expect(live.seen).toEqual(numbers(0, 30));
    expect(late.seen).toEqual(numbers(0, 30));
    expect(resumed.seen).toEqual(numbers(5, 25));
    const afterwards = follow(w.there, w.runId);
    await afterwards.over;
    expect(afterwards.seen).toEqual(numbers(0, 30));
  });

  test("that is emptied are filled up again by whoever publishes", async () => {
    await using w = await world();
    const live = follow(w.there, w.runId);
    w.here.publish(w.runId, frames(0, 10));
    await live.has(10);
    await w.redis.flush();
    w.here.publish(w.runId, frames(10, 10));
    await live.has(20);
    const late = follow(w.there, w.runId);
    await late.has(20);
    await w.here.end(w.runId);
    await Promise.all([live.over, late.over]);
    expect(live.seen).toEqual(numbers(0, 20));
    expect(late.seen).toEqual(numbers(0, 20));
  });

  test("that hangs go through the database until it answers", async () => {
    await using w = await world();
    const live = follow(w.there, w.runId);
    w.here.publish(w.runId, frames(0, 10));
    await live.has(10);
    w.redis.freeze();
    w.here.publish(w.runId, frames(10, 10));
    await live.has(20);
    w.redis.thaw();
    w.here.publish(w.runId, frames(20, 10));
    await w.here.end(w.runId);
    await live.over;
    expect(live.seen).toEqual(numbers(0, 30));
  });

  test("that is away when a process starts work all the same", async () => {
    await using w = await world();
    await w.redis.kill();
    const told: string[] = [];
    const out = createLog("warn", { write: (line) => void told.push(line) });
    await using newcomer = await openRedisBus({ url: w.redis.url, database: w.database, log: out });
    newcomer.publish(w.runId, frames(0, 5));
    const reading = follow(w.there, w.runId);
    await reading.has(5);
    await w.redis.start();
    await newcomer.end(w.runId);
    await reading.over;
    expect(reading.seen).toEqual(numbers(0, 5));
    // one line for each, without stacks
    await expect.poll(() => told).toHaveLength(2);
    expect(told[0]).toMatch(/is away: .*ECONNREFUSED.*go through the database; Redis is tried again/);
    expect(told[1]).toContain("Redis is back");
    expect(told.join("")).not.toContain("stack");
  });

  test("go on counting when a run moves to another process in between", async () => {
    await using w = await world();
    const live = follow(w.there, w.runId);
    w.here.publish(w.runId, frames(0, 3));
    await w.here.flush(w.runId);
    await w.redis.kill();
    const next = (await w.there.last(w.runId)) + 1;
    w.there.publish(w.runId, frames(next, 3));
    await w.redis.start();
    await w.there.end(w.runId);
    await live.over;
    const ids = live.seen.filter((id) => !id.startsWith("gap")).map(Number);
    expect(ids.slice(-3)).toEqual([next, next + 1, next + 2]);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  test("keep no more bytes of a run than its window", async () => {
    await using w = await world({ bytes: 200_000 });
    const data = JSON.stringify("x".repeat(10_000));
    for (let at = 0; at < 300; at += 1) w.here.publish(w.runId, [{ id: String(at), event: "custom", data }]);
    await w.here.end(w.runId);
    const afterwards = follow(w.there, w.runId);
    await afterwards.over;
    expect(afterwards.seen[0]).toMatch(/^gap:/);
    expect(afterwards.seen.at(-1)).toBe("299");
    // Redis trims in blocks
    expect(afterwards.seen.length).toBeLessThan(150);
  });
});
