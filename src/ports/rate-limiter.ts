export interface RateLimit {
  /** Requests a minute in the long run. */
  perMinute: number;
  /** Requests at once, after a time of silence. */
  burst: number;
}

export interface RateDecision {
  allowed: boolean;
  /** Requests that would be allowed now. */
  remaining: number;
  /** Milliseconds until the next request is allowed; 0 when it is now. */
  retryAfterMs: number;
  /** Milliseconds until a whole burst is allowed again. */
  resetMs: number;
}

/** Counts requests by key; the same key counts together wherever the implementation reaches. Never throws: a limiter that is away lets pass. */
export interface RateLimiter {
  readonly limit: RateLimit;
  /** `limit`: another one for this key; always the same for the same key. */
  take(key: string, limit?: RateLimit): Promise<RateDecision>;
}
