import { Redis } from "ioredis";
import type { Config } from "#config";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import { RedisRateLimiter } from "#governance/rate-limits/redis-rate-limiter.ts";
import type { Log } from "#log";
import type { RateLimiter } from "#ports/rate-limiter.ts";

export interface OpenedRateLimiter extends AsyncDisposable {
  /** Null: nobody is held back. */
  readonly limiter: RateLimiter | null;
}

/** Counts in Redis when there is one, so that all processes count together. */
export function openRateLimiter(config: Config, log: Log): OpenedRateLimiter {
  const perMinute = config.RATE_LIMIT_PER_MINUTE;
  if (perMinute === 0) return { limiter: null, async [Symbol.asyncDispose]() {} };
  const limit = { perMinute, burst: config.RATE_LIMIT_BURST };
  if (config.REDIS_URL === undefined) return { limiter: new MemoryRateLimiter(limit), async [Symbol.asyncDispose]() {} };
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
    limiter: new RedisRateLimiter({ redis, log, limit }),
    async [Symbol.asyncDispose]() {
      redis.disconnect();
    },
  };
}
