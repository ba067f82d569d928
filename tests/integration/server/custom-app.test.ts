import { Client } from "@langchain/langgraph-sdk";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { AppError } from "#errors";
import { createApp } from "#server/app.ts";
import { openLoopback } from "#server/loopback.ts";
import { serveApp, silent } from "../../helpers/http-app.ts";

/** Whoever names themselves is known; everybody else is refused. */
const identify = async (request: { headers: Record<string, unknown> }) => {
  const owner = request.headers["authorization"];
  if (typeof owner !== "string") throw new AppError("unauthorized", "Unauthorized");
  return { owner };
};

const threads = {
  get: async (caller: { owner: string }, threadId: string) => ({ thread_id: threadId, metadata: { owner: caller.owner } }),
  search: async () => ({ items: [], total: 0 }),
} as never;

const ID = "018f2c5e-0000-7000-8000-000000000000";

test("an application that is nothing but a fetch function passes on what it answers with 404, body and all", async () => {
  const seen: string[] = [];
  const plain = {
    async fetch(request: Request) {
      const { pathname } = new URL(request.url);
      seen.push(`${pathname} ${await request.text()}`);
      return pathname === "/mine" ? Response.json({ mine: true }) : new Response("no", { status: 404 });
    },
  };
  await using app = await serveApp({ threads }, { customApp: plain });
  expect(await (await fetch(`${app.url}/mine`)).json()).toEqual({ mine: true });
  const search = await fetch(`${app.url}/threads/search`, { method: "POST", body: '{"limit": 5}' });
  expect([search.status, await search.json()]).toEqual([200, []]);
  expect(seen).toEqual(["/mine ", '/threads/search {"limit": 5}']);
});

test("answers without a body, refusals and odd addresses come through an application as without one", async () => {
  const deleted: unknown[] = [];
  const store = { delete: async (_caller: unknown, item: unknown) => void deleted.push(item) } as never;
  const services = { threads: { ...(threads as object), delete: async () => {} } as never, store, system: { ready: () => true } };
  await using straight = await serveApp(services);
  await using wrapped = await serveApp(services, { customApp: new Hono().use(async (_context, next) => next()) });
  const ask = async (url: string, method: string, path: string, body?: string) => {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    return [response.status, await response.text(), response.headers.get("x-error-code"), response.headers.get("content-security-policy")];
  };
  const requests: [string, string, string?][] = [
    ["HEAD", "/ok"],
    ["GET", "/ok"],
    ["DELETE", `/threads/${ID}`],
    ["DELETE", "/store/items", '{"namespace":["a"],"key":"k"}'],
    ["GET", "/threads/no-uuid"],
    ["POST", "/threads/search", "{ nope"],
    ["POST", "/threads/search", `"${"a".repeat(11 * 1024 * 1024)}"`],
    ["GET", "//evil.example/threads"],
    ["GET", "/threads/%"],
    ["GET", "/threads/%00"],
    ["GET", `/threads/${ID}?limit=%F0%9F%98%80`],
    ["OPTIONS", "/threads"],
    ["PATCH", "/nowhere"],
  ];
  for (const [method, path, body] of requests) {
    const [one, other] = await Promise.all([ask(straight.url, method, path, body), ask(wrapped.url, method, path, body)]);
    expect([method, path, ...other]).toEqual([method, path, ...one]);
    expect(other[0]).toBeLessThan(500);
  }
  expect(deleted).toEqual([
    { namespace: ["a"], key: "k" },
    { namespace: ["a"], key: "k" },
  ]);
});

test.each([
  ["throws", () => Promise.reject(new Error("at 10.0.0.5"))],
  ["answers with something else", () => "text" as never],
])("an application that %s is a 500 without its words", async (_name, answer) => {
  await using app = await serveApp({ threads }, { customApp: { fetch: answer } });
  const response = await fetch(`${app.url}/threads/${ID}`);
  expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining("10.0.0.5")]);
});

test("who asks is settled before the application, which can neither be reached without nor change it", async () => {
  const custom = new Hono()
    .use(async (context, next) => {
      context.req.raw.headers.set("authorization", "somebody else");
      await next();
    })
    .get("/mine", (context) => context.text("mine"));
  await using app = await serveApp({ threads }, { customApp: custom, identify } as never);
  expect((await fetch(`${app.url}/mine`)).status).toBe(401);
  const thread = await fetch(`${app.url}/threads/${ID}`, { headers: { authorization: "ann", "x-slipway-relay": "guess" } });
  expect(await thread.json()).toMatchObject({ metadata: { owner: "ann" } });
});

test("a client inside is nobody until it says who it is", async () => {
  using loopback = openLoopback("http://localhost:2024");
  const early = new Client({ apiKey: null, callerOptions: { maxRetries: 0 } });
  // asked before anything is served: it waits
  const refused = expect(early.threads.get(ID)).rejects.toThrow("HTTP 401");
  const services = { threads, system: { ready: () => true, info: () => ({}) }, ui: {} };
  loopback.serve(createApp({ services, log: silent, caller: () => ({ owner: "nobody" }), identify, allowedOrigins: [], allowedHosts: [] } as never));
  await refused;
  const known = new Client({ apiKey: null, defaultHeaders: { authorization: "ann" } });
  expect(await known.threads.get(ID)).toMatchObject({ metadata: { owner: "ann" } });
});
