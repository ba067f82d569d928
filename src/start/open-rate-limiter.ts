import { Redis } from "ioredis";
import type { Config } from "#config";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import { RedisRateLimiter } from "#governance/rate-limits/redis-rate-limiter.ts";
import type { Log } from "#log";
import type { RateLimiter } from "#ports/rate-limiter.ts";

export interface OpenedRateLimiter extends AsyncDisposable {
  /** Null: nobody is held back. */
  readonly limiter: RateLimiter | null;
  /** For keys that were made with a limit of their own; null: there are no keys. */
  readonly keyLimiter: RateLimiter | null;
}

/** Of keys with a limit where the server itself has none. */
const NO_RATE = 60;

/** Counts in Redis when there is one, so that all processes count together. */
export function openRateLimiter(config: Config, log: Log): OpenedRateLimiter {
  const perMinute = config.RATE_LIMIT_PER_MINUTE;
  const hasKeys = config.AUTH.includes("api-key");
  const limiters = (counter: RateLimiter | null) => ({ limiter: perMinute === 0 ? null : counter, keyLimiter: hasKeys ? counter : null });
  if (perMinute === 0 && !hasKeys) return { ...limiters(null), async [Symbol.asyncDispose]() {} };
  const limit = { perMinute: perMinute || NO_RATE, burst: config.RATE_LIMIT_BURST };
  if (config.REDIS_URL === undefined) return { ...limiters(new MemoryRateLimiter(limit)), async [Symbol.asyncDispose]() {} };
  const redis = new Redis(config.REDIS_URL, {
    connectionName: "slipway-rate-limits",
    // a request does not wait for a Redis that is away
    enableOfflineQueue: false,
    commandTimeout: 500,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 2_000),
  });
  redis.on("error", (error: Error) => log.debug({ err: error, client: "rate-limits" }, "Redis"));
  return {
    ...limiters(new RedisRateLimiter({ redis, log, limit })),
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
}
