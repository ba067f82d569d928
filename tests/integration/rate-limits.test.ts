import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import { RedisRateLimiter } from "#governance/rate-limits/redis-rate-limiter.ts";
import { createLog } from "#log";
import type { RateLimit, RateLimiter } from "#ports/rate-limiter.ts";

const log = createLog("silent");
const redisUrl = process.env["REDIS_URL"];
const redis = redisUrl === undefined ? null : new Redis(redisUrl);
const EPOCH = 1_700_000_000_000;

afterAll(() => redis?.disconnect());

/** A limiter under a clock that the test moves. */
type Open = (limit: RateLimit, now: () => number) => RateLimiter;
const memory: Open = (limit, now) => new MemoryRateLimiter(limit, now);
const onRedis: Open = (limit, now) => new RedisRateLimiter({ redis: redis as Redis, log, limit, now, prefix: `test:${randomUUID()}:` });

const kinds: [string, Open][] = [["memory", memory], ...(redis === null ? [] : [["redis", onRedis] as [string, Open]])];

describe.each(kinds)("the %s limiter", (_name, open) => {
  function limiter(limit: RateLimit) {
    let now = EPOCH;
    const one = open(limit, () => now);
    return { take: (key = "a") => one.take(key), pass: (ms: number) => (now += ms), one };
  }

  test("lets a burst pass, then one request an interval", async () => {
    const { take, pass } = limiter({ perMinute: 60, burst: 3 });
    expect(await take()).toEqual({ allowed: true, remaining: 2, retryAfterMs: 0, resetMs: 1_000 });
    expect(await take()).toEqual({ allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 2_000 });
    expect(await take()).toEqual({ allowed: true, remaining: 0, retryAfterMs: 0, resetMs: 3_000 });
    expect(await take()).toEqual({ allowed: false, remaining: 0, retryAfterMs: 1_000, resetMs: 3_000 });
    pass(400);
    expect(await take()).toEqual({ allowed: false, remaining: 0, retryAfterMs: 600, resetMs: 2_600 });
    pass(600);
    expect(await take()).toMatchObject({ allowed: true, remaining: 0 });
    expect(await take()).toMatchObject({ allowed: false });
  });

  test("lets in whoever waits as long as he is told", async () => {
    const { take, pass } = limiter({ perMinute: 7, burst: 2 });
    await take();
    await take();
    const { retryAfterMs } = await take();
    pass(Math.ceil(retryAfterMs) - 1);
    expect(await take()).toMatchObject({ allowed: false });
    pass(1);
    expect(await take()).toMatchObject({ allowed: true });
  });

  test("charges nothing for what it refuses", async () => {
    const { take, pass } = limiter({ perMinute: 60, burst: 1 });
    await take();
    for (let count = 0; count < 50; count += 1) await take();
    pass(1_000);
    expect(await take()).toMatchObject({ allowed: true });
  });

  test("has no window at whose border twice as much passes", async () => {
    const { take, pass } = limiter({ perMinute: 60, burst: 10 });
    let passed = 0;
    // as fast as it can, for two minutes: the burst, and then the rate
    for (let ms = 0; ms < 120_000; ms += 250) {
      if ((await take()).allowed) passed += 1;
      pass(250);
    }
    expect(passed).toBe(10 + 119);
  });

  test("gives all back after silence, and no more than the burst", async () => {
    const { take, pass } = limiter({ perMinute: 60, burst: 2 });
    await take();
    await take();
    pass(3_600_000);
    expect(await take()).toMatchObject({ allowed: true, remaining: 1 });
  });

  test("counts each key for itself", async () => {
    const { take } = limiter({ perMinute: 1, burst: 1 });
    expect(await take("a")).toMatchObject({ allowed: true });
    expect(await take("a")).toMatchObject({ allowed: false });
    expect(await take("b")).toMatchObject({ allowed: true });
  });

  test("lets exactly the burst pass of what comes at once", async () => {
    const { take } = limiter({ perMinute: 1, burst: 5 });
    const all = await Promise.all(Array.from({ length: 50 }, () => take()));
    expect(all.filter((one) => one.allowed)).toHaveLength(5);
  });
});

describe.each(redis === null ? [] : [redis])("limits through Redis", (shared) => {
  test("are one for all processes, on Redis' own clock", async () => {
    const prefix = `test:${randomUUID()}:`;
    const limit = { perMinute: 1, burst: 3 };
    const [one, other] = [0, 1].map(() => new RedisRateLimiter({ redis: shared, log, limit, prefix }));
    const all = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other)?.take("a")));
    expect(all.filter((decision) => decision?.allowed)).toHaveLength(3);
    const [key] = await shared.keys(`${prefix}*`);
    expect(await shared.pttl(key ?? "")).toBeGreaterThan(0);
  });

  test("go on when the script is forgotten", async () => {
    const one = new RedisRateLimiter({ redis: shared, log, limit: { perMinute: 1, burst: 2 }, prefix: `test:${randomUUID()}:` });
    expect(await one.take("a")).toMatchObject({ allowed: true, remaining: 1 });
    await shared.script("FLUSH");
    expect(await one.take("a")).toMatchObject({ allowed: true, remaining: 0 });
  });
});

describe("limits without the Redis they were promised", () => {
  test("are counted in each process while Redis is away", async () => {
    const away = new Redis({ host: "127.0.0.1", port: 1, lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null });
    away.on("error", () => {});
    const one = new RedisRateLimiter({ redis: away, log, limit: { perMinute: 1, burst: 1 } });
    expect(await one.take("a")).toMatchObject({ allowed: true });
    expect(await one.take("a")).toMatchObject({ allowed: false });
    away.disconnect();
  });
});
