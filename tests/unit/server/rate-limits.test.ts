import type { Request, Response } from "express";
import { describe, expect, test } from "vitest";
import type { RateLimiter } from "#ports/rate-limiter.ts";
import { limitAddresses, limitCallers } from "#server/middleware/rate-limits.ts";

/** Takes everything, and notes what it was asked. */
function noting(): { limiter: RateLimiter; keys: string[] } {
  const keys: string[] = [];
  const limiter: RateLimiter = {
    limit: { perMinute: 60, burst: 1 },
    async take(key) {
      keys.push(key);
      return { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0 };
    },
  };
  return { limiter, keys };
}

// all that the limits look at
const asked = (method: string, path: string, remoteAddress: string | undefined = "192.0.2.1") => ({ method, path, socket: { remoteAddress } }) as Request;
const answer = { set: () => answer } as unknown as Response;

async function keysOf(...requests: Request[]): Promise<string[]> {
  const { limiter, keys } = noting();
  let passed = 0;
  for (const request of requests) await limitAddresses(limiter)(request, answer, () => (passed += 1));
  expect(passed).toBe(requests.length);
  return keys;
}

describe("the limit by address", () => {
  test("counts what changes something, and nothing else", async () => {
    expect(await keysOf(asked("POST", "/threads"), asked("GET", "/threads/1"), asked("POST", "/threads/search"), asked("DELETE", "/threads/1"))).toEqual([
      "address:192.0.2.1",
      "address:192.0.2.1",
    ]);
  });

  test("leaves loopback alone, where a proxy may stand for everybody", async () => {
    expect(await keysOf(...["127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:192.0.2.7"].map((address) => asked("POST", "/threads", address)))).toEqual([
      "address:::ffff:192.0.2.7",
    ]);
  });

  test("and the one by caller do not mix", async () => {
    const { limiter, keys } = noting();
    await limitCallers(limiter, () => ({ owner: "192.0.2.1" }))(asked("POST", "/threads"), answer, () => {});
    expect(keys).toEqual(["caller:192.0.2.1"]);
  });
});
