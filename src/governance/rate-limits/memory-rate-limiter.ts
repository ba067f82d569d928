import type { RateDecision, RateLimit, RateLimiter } from "#ports/rate-limiter.ts";
import { gcraOf, takeOne } from "./gcra.ts";

/** Keys looked at before those are forgotten that count for nothing any more. */
const KEYS = 10_000;

/** Counts what comes to this process. */
export class MemoryRateLimiter implements RateLimiter {
  readonly limit: RateLimit;
  readonly #now: () => number;
  readonly #usedUpAt = new Map<string, number>();
  #forgetAt = KEYS;

  constructor(limit: RateLimit, now: () => number = Date.now) {
    this.limit = limit;
    this.#now = now;
  }

  async take(key: string, limit: RateLimit = this.limit): Promise<RateDecision> {
    const now = this.#now();
    const { usedUpAt, decision } = takeOne(gcraOf(limit), this.#usedUpAt.get(key) ?? null, now);
    this.#usedUpAt.set(key, usedUpAt);
    if (this.#usedUpAt.size >= this.#forgetAt) this.#forget(now);
    return decision;
  }

  #forget(now: number): void {
    for (const [key, usedUpAt] of this.#usedUpAt) if (usedUpAt <= now) this.#usedUpAt.delete(key);
    // so that keys that all still count are not walked over at every request
    this.#forgetAt = Math.max(KEYS, this.#usedUpAt.size * 2);
  }
}
