import { request } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Services } from "#ports/services.ts";
import type { Run, StreamFrame } from "#protocol/wire.ts";
import { serveApp, type HttpApp } from "../../helpers/http-app.ts";

const ID = "11111111-1111-4111-8111-111111111111";

async function* noFrames(): AsyncGenerator<StreamFrame> {}

/** Services that take everything: whatever goes wrong then, went wrong in the server. */
function agreeable<K extends keyof Services>(): Services[K] {
  const run = { run_id: ID } as Run;
  const service = { serving: null, rollbackTarget: null, releases: [] };
  const ours = { items: [], total: 0, byKind: {}, results: [], release: {}, spec: null, service, ...service };
  const answer = Object.assign([], { ...ours, run, stream: noFrames(), run_id: ID, assistant_id: ID, [Symbol.asyncIterator]: noFrames });
  // every method answers something that each route can send
  return new Proxy({}, { has: () => true, get: (_target, name) => (name === "then" ? undefined : async () => (name === "logs" ? "" : answer)) }) as Services[K];
}

/** Requests that get through to a service, so that the rest is known to fail before one. */
const REACHING: [string, string, string, Record<string, string>, string][] = [
  ["POST", "/threads", "", {}, "{}"],
  ["POST", `/threads/${ID}/runs/stream`, "", {}, '{"assistant_id":"a"}'],
  ["POST", `/threads/${ID}/runs/wait`, "", {}, '{"assistant_id":"a"}'],
  ["GET", `/threads/${ID}/runs/${ID}/stream`, "", {}, ""],
  ["POST", "/assistants/search", "", {}, "{}"],
  ["POST", `/approvals/${ID}/decision`, "", {}, "7"],
  ["GET", `/projects/${ID}/logs`, "", {}, ""],
];

let app: HttpApp;
beforeAll(async () => {
  app = await serveApp({
    assistants: agreeable<"assistants">(),
    threads: agreeable<"threads">(),
    runs: agreeable<"runs">(),
    store: agreeable<"store">(),
    approvals: agreeable<"approvals">(),
    projects: agreeable<"projects">(),
    system: { ready: () => true },
  });
});
afterAll(() => app[Symbol.asyncDispose]());

const segment = fc.oneof(
  fc.constantFrom(
    "threads",
    "runs",
    "assistants",
    "store",
    "items",
    "search",
    "state",
    "history",
    "stream",
    "wait",
    "join",
    "cancel",
    "approvals",
    "decision",
    "projects",
    "logs",
    "crons",
    "batch",
    ID,
  ),
  fc.string({ unit: "binary", maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom("..", "%00", "%E0%A4%A", "%2e%2e%2f", "__proto__", "constructor", "a".repeat(5_000)),
);
const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
const query = fc.oneof(
  fc.constant(""),
  fc
    .dictionary(fc.constantFrom("limit", "offset", "wait", "action", "stream_mode", "xray", "__proto__", "namespace", "key"), fc.string({ maxLength: 8 }))
    .map((given) => `?${new URLSearchParams(given)}`),
);
const body = fc.oneof(
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("[".repeat(20_000), '{"__proto__":{"x":1},"assistant_id":"a"}', String.raw`{"assistant_id":"\ud800\u0000"}`),
);
const headers = fc.record(
  {
    "content-type": fc.constantFrom("application/json", "text/plain; charset=utf-16", "multipart/form-data", "x/y; charset=nope", "\t"),
    "content-encoding": fc.constantFrom("gzip", "br", "deflate", "nope"),
    "last-event-id": fc.constantFrom("-1", "0", "junk", "9".repeat(50)),
    origin: fc.constantFrom("null", "http://localhost:1", "https://evil.example", "::"),
    prefer: fc.constantFrom("return=minimal", ","),
    "x-request-id": fc.constantFrom("a", " b c", "é"),
  },
  { requiredKeys: [] },
);

function send(method: string, target: string, given: Record<string, string>, text: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request(app.url, { method, path: target, headers: given, agent: false }, (response) =>
    response.resume().on("end", () => resolve(response.statusCode ?? 0)),
  );
  outgoing.on("error", reject);
  outgoing.end(method === "GET" ? undefined : text);
  return promise;
}

test("no address, header or body makes the server answer with a fault of its own", { timeout: 120_000 }, async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE"), path, query, headers, body, async (method, where, asked, given, text) => {
      const status = await send(method, where + asked, given, text);
      seen.add(status);
      expect(status).toBeLessThan(500);
    }),
    { numRuns: 400, examples: REACHING },
  );
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 403, 404]));
  expect((await fetch(`${app.url}/ok`)).status).toBe(200);
});

test.each([
  ["bytes that are no HTTP", "\u0000\u0001\u0002\r\n\r\n"],
  ["a header that never ends", `GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: ${"x".repeat(100_000)}\r\n\r\n`],
  ["two lengths", "POST /threads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
  ["an address of another machine", "GET http://other.example/threads HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["half a body", "POST /threads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"],
])("%s hurts nobody", async (_what, bytes) => {
  const socket = connect(app.server.port, "127.0.0.1");
  const closed = Promise.withResolvers<void>();
  socket.on("error", () => {}).on("close", () => closed.resolve());
  socket.resume().end(bytes, "latin1");
  await closed.promise;
  expect((await fetch(`${app.url}/ok`)).status).toBe(200);
});
