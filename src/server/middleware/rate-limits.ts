import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";
import type { RateLimit, RateLimiter } from "#ports/rate-limiter.ts";
import type { Caller } from "#ports/caller.ts";
import { isLoopbackAddress } from "#protocol/loopback-address.ts";

const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Asked with POST, because the question is long; and stopping what runs, which nobody should have to wait for. From the first letter on: an
 * assistant may be called "search".
 */
const FREE = new RegExp(
  `^/(?:${[
    "(?:threads|assistants|runs/crons)/(?:search|count)",
    "store/(?:items/search|namespaces)",
    "threads/[^/]+/(?:history|state/checkpoint|stream/events|runs/[^/]+/cancel)",
    "runs/cancel",
  ].join("|")})/?$`,
);

/** Null: nobody is held back by it. */
export interface Limiters {
  callers: RateLimiter | null;
  /** Counts for keys that were made with a limit of their own. */
  keys: RateLimiter | null;
}

/**
 * Counts requests that change something by the address they come from, before anybody is asked who he is. Not on loopback: there a proxy may
 * stand for everybody.
 */
export function limitAddresses(limiter: RateLimiter): RequestHandler {
  return async function limitAddress(request: Request, response: Response, next: NextFunction): Promise<void> {
    // without an address it is a client inside of this process
    const address = request.socket.remoteAddress ?? "127.0.0.1";
    if (isCounted(request) && !isLoopbackAddress(address)) await take(limiter, `address:${address}`, response);
    next();
  };
}

/** Counts them by who asks, and by the key with which they ask. */
export function limitCallers(limiters: Limiters, caller: (request: Request) => Caller): RequestHandler {
  return async function limitCaller(request: Request, response: Response, next: NextFunction): Promise<void> {
    if (isCounted(request)) await admit(limiters, caller(request), response);
    next();
  };
}

/** Counts a command that came over a connection that is open already. @throws AppError `rate_limited` */
export function limitCommand(limiters: Limiters, caller: Caller): Promise<void> {
  return admit(limiters, caller, null);
}

function isCounted(request: Request): boolean {
  return !READING.has(request.method) && !FREE.test(request.path);
}

async function admit({ callers, keys }: Limiters, { owner, limits }: Caller, response: Response | null): Promise<void> {
  const { id, requests_per_minute: perMinute = null } = limits?.key ?? {};
  // first, so that a key which asks too much takes nothing from its user
  if (keys !== null && perMinute !== null) await take(keys, `key:${id}`, response, { perMinute, burst: Math.min(perMinute, keys.limit.burst) });
  if (callers !== null) await take(callers, `caller:${owner}`, response);
}

/** @throws AppError `rate_limited`, with the headers that say when to come back; of several limits the answer tells the nearest */
async function take(limiter: RateLimiter, key: string, response: Response | null, limit: RateLimit = limiter.limit): Promise<void> {
  const { allowed, remaining, retryAfterMs, resetMs } = await limiter.take(key, limit);
  if (!allowed || remaining < Number(response?.get("ratelimit-remaining") ?? Infinity))
    response?.set({ "ratelimit-limit": String(limit.burst), "ratelimit-remaining": String(remaining), "ratelimit-reset": seconds(resetMs) });
  if (allowed) return;
  response?.set("retry-after", seconds(retryAfterMs));
  throw new AppError("rate_limited", `Too many requests: ${limit.perMinute} a minute, ${limit.burst} at once. Come back in ${seconds(retryAfterMs)} s.`, {
    details: { retry_after_seconds: Math.ceil(retryAfterMs / 1_000) },
  });
}

/** Rounded up: who comes back then is let in. */
function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}
