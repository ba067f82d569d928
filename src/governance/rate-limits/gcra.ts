import type { RateDecision, RateLimit } from "#ports/rate-limiter.ts";

/**
 * The generic cell rate algorithm. All that is kept of a key is one moment: when everything it took so far would be used up at the steady
 * rate. There is no window at whose border twice the limit passes.
 */
export interface Gcra {
  /** Milliseconds between two requests at the steady rate. */
  interval: number;
  /** How far the moment may lie ahead. */
  tolerance: number;
}

/** The rate as GCRA counts it: the milliseconds that one request takes, and how far a caller may be ahead. */
export function gcraOf(limit: RateLimit): Gcra {
  const interval = 60_000 / limit.perMinute;
  return { interval, tolerance: interval * limit.burst };
}

/** Takes one request at `now`; `usedUpAt` is what was kept, null for a key that was never seen. A refused request costs nothing. */
export function takeOne(gcra: Gcra, usedUpAt: number | null, now: number): { usedUpAt: number; decision: RateDecision } {
  const before = Math.max(usedUpAt ?? now, now);
  const after = before + gcra.interval;
  const allowed = after - now <= gcra.tolerance;
  const kept = allowed ? after : before;
  return { usedUpAt: kept, decision: decisionOf(gcra, allowed, kept - now) };
}

/** `aheadMs`: how far the kept moment lies ahead after the decision. */
export function decisionOf(gcra: Gcra, allowed: boolean, aheadMs: number): RateDecision {
  const room = gcra.tolerance - aheadMs;
  return {
    allowed,
    remaining: Math.max(0, Math.floor(room / gcra.interval)),
    retryAfterMs: allowed ? 0 : gcra.interval - room,
    resetMs: Math.max(0, aheadMs),
  };
}
