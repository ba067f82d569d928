import type { Redis } from "ioredis";
import type { Log } from "#log";
import type { RateDecision, RateLimit, RateLimiter } from "#ports/rate-limiter.ts";
import { decisionOf, gcraOf } from "./gcra.ts";
import { MemoryRateLimiter } from "./memory-rate-limiter.ts";

/**
 * `takeOne` where the moment is kept, so that nobody comes between. Time is Redis' own, which all processes share, unless one is given.
 * Answers whether it was allowed, and how far ahead the kept moment is, in microseconds: numbers lose their fraction on the way.
 */
const TAKE = `
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + time[2] / 1000
end
local interval = tonumber(ARGV[1])
local tolerance = tonumber(ARGV[2])
local before = math.max(tonumber(redis.call("GET", KEYS[1]) or now), now)
local after = before + interval
if after - now > tolerance then
  return {0, math.floor((before - now) * 1000)}
end
redis.call("SET", KEYS[1], string.format("%.3f", after), "PX", math.ceil(after - now) + 1000)
return {1, math.floor((after - now) * 1000)}
`;

const SHA_UNKNOWN = /^NOSCRIPT/;

/** Counts what comes to all processes on one Redis. While it is away, each process counts for itself. */
export class RedisRateLimiter implements RateLimiter {
  readonly limit: RateLimit;
  readonly #redis: Redis;
  readonly #log: Log;
  readonly #prefix: string;
  readonly #now: (() => number) | null;
  readonly #alone: MemoryRateLimiter;
  #sha: Promise<string> | null = null;
  #isAway = false;

  constructor(options: { redis: Redis; log: Log; limit: RateLimit; prefix?: string; now?: () => number }) {
    this.limit = options.limit;
    this.#redis = options.redis;
    this.#log = options.log;
    this.#prefix = options.prefix ?? "slipway:rate:";
    this.#now = options.now ?? null;
    this.#alone = new MemoryRateLimiter(options.limit, options.now);
  }

  async take(key: string, limit: RateLimit = this.limit): Promise<RateDecision> {
    try {
      const decision = await this.#take(this.#prefix + key, limit);
      this.#isAway = false;
      return decision;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#isAway) this.#log.warn(`Redis (REDIS_URL) does not count requests: ${reason}. Each process counts its own until it is back`);
      this.#isAway = true;
      return this.#alone.take(key, limit);
    }
  }

  async #take(key: string, limit: RateLimit): Promise<RateDecision> {
    const gcra = gcraOf(limit);
    const args = [key, gcra.interval, gcra.tolerance, this.#now === null ? "" : this.#now()];
    const answer = await this.#evaluate(args);
    const [allowed, ahead] = answer.map(Number);
    return decisionOf(gcra, allowed === 1, (ahead ?? 0) / 1_000);
  }

  /** The script is sent once; a Redis that was emptied or replaced gets it again. */
  async #evaluate(args: (string | number)[]): Promise<unknown[]> {
    // a script that could not be loaded is loaded at the next request
    this.#sha ??= this.#redis.script("LOAD", TAKE).then(String);
    try {
      return asList(await this.#redis.evalsha(await this.#sha, 1, ...args));
    } catch (error) {
      this.#sha = null;
      if (!(error instanceof Error) || !SHA_UNKNOWN.test(error.message)) throw error;
      return asList(await this.#redis.eval(TAKE, 1, ...args));
    }
  }
}

function asList(answer: unknown): unknown[] {
  if (!Array.isArray(answer)) throw new TypeError("Redis answered no list");
  return answer;
}
