import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";
import type { RateLimiter } from "#ports/rate-limiter.ts";
import type { Caller } from "#ports/services.ts";

const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/** Asked with POST, because the question is long; and stopping what runs, which nobody should have to wait for. */
const FREE = /\/(?:search|count|history|namespaces|state\/checkpoint|stream\/events|cancel)\/?$/;

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Counts requests that change something by the address they come from, before anybody is asked who he is. Not on loopback: there a proxy may
 * stand for everybody.
 */
export function limitAddresses(limiter: RateLimiter): RequestHandler {
  return async function limitAddress(request: Request, response: Response, next: NextFunction): Promise<void> {
    // without an address it is a client inside of this process
    const address = request.socket.remoteAddress ?? "127.0.0.1";
    if (isCounted(request) && !LOOPBACK.test(address)) await take(limiter, `address:${address}`, response);
    next();
  };
}

/** Counts them by who asks. */
export function limitCallers(limiter: RateLimiter, caller: (request: Request) => Caller): RequestHandler {
  return async function limitCaller(request: Request, response: Response, next: NextFunction): Promise<void> {
    if (isCounted(request)) await take(limiter, `caller:${caller(request).owner}`, response);
    next();
  };
}

function isCounted(request: Request): boolean {
  return !READING.has(request.method) && !FREE.test(request.path);
}

/** @throws AppError `rate_limited`, with the headers that say when to come back */
async function take(limiter: RateLimiter, key: string, response: Response): Promise<void> {
  const { allowed, remaining, retryAfterMs, resetMs } = await limiter.take(key);
  response.set({ "ratelimit-limit": String(limiter.limit.burst), "ratelimit-remaining": String(remaining), "ratelimit-reset": seconds(resetMs) });
  if (allowed) return;
  response.set("retry-after", seconds(retryAfterMs));
  throw tooMany(limiter, retryAfterMs);
}

/** Counts a command that came over a connection that is open already. @throws AppError `rate_limited` */
export async function limitCommand(limiter: RateLimiter, caller: Caller): Promise<void> {
  const { allowed, retryAfterMs } = await limiter.take(`caller:${caller.owner}`);
  if (!allowed) throw tooMany(limiter, retryAfterMs);
}

function tooMany(limiter: RateLimiter, retryAfterMs: number): AppError {
  return new AppError(
    "rate_limited",
    `Too many requests: ${limiter.limit.perMinute} a minute, ${limiter.limit.burst} at once. Come back in ${seconds(retryAfterMs)} s.`,
    { details: { retry_after_seconds: Math.ceil(retryAfterMs / 1_000) } },
  );
}

/** Rounded up: who comes back then is let in. */
function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}
