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
const answer = { set: () => answer, get: () => undefined } as unknown as Response;

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

  test("knows questions by their whole path: an assistant may be called search, or count", async () => {
    const id = "00000000-0000-4000-8000-000000000000";
    const free = ["/threads/search", "/threads/count/", "/assistants/search", "/runs/crons/count", "/store/items/search", "/store/namespaces", "/runs/cancel"];
    const ofThreads = ["history", "state/checkpoint", "stream/events", `runs/${id}/cancel`].map((path) => `/threads/${id}/${path}`);
    expect(await keysOf(...[...free, ...ofThreads].map((path) => asked("POST", path)))).toEqual([]);
    const counted = ["/a2a/search", "/a2a/count", "/a2a/history", "/ui/search", `/threads/${id}/runs`, "/mcp/search", "/threads/search/copy"];
    expect(await keysOf(...counted.map((path) => asked("POST", path)))).toHaveLength(counted.length);
  });

  test("leaves loopback alone, where a proxy may stand for everybody", async () => {
    expect(await keysOf(...["127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:192.0.2.7"].map((address) => asked("POST", "/threads", address)))).toEqual([
      "address:::ffff:192.0.2.7",
    ]);
  });

  test("and the one by caller do not mix", async () => {
    const { limiter, keys } = noting();
    await limitCallers({ callers: limiter, keys: null }, () => ({ owner: "192.0.2.1" }))(asked("POST", "/threads"), answer, () => {});
    expect(keys).toEqual(["caller:192.0.2.1"]);
  });

  test("and the one by key, which comes first and is the key's own", async () => {
    const { limiter, keys } = noting();
    const limits = { runs: 0, streams: 0, key: { id: "k", requests_per_minute: 5, runs: null, streams: null, body_bytes: null } };
    const limited = limitCallers({ callers: limiter, keys: limiter }, () => ({ owner: "ada", limits }));
    await limited(asked("POST", "/threads"), answer, () => {});
    await limited(asked("GET", "/threads/1"), answer, () => {});
    expect(keys).toEqual(["key:k", "caller:ada"]);
  });
});
