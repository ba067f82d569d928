import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveApp, type HttpApp } from "../../helpers/http-app.ts";

const APPROVAL = "33333333-3333-4333-8333-333333333333";
let app: HttpApp;
let decisions = 0;

beforeAll(async () => {
  app = await serveApp({
    approvals: {
      decide: async () => {
        decisions += 1;
        throw new Error("reached");
      },
    },
    threads: { count: async () => 7 },
    system: { ready: () => true },
  });
});
afterAll(() => app[Symbol.asyncDispose]());

/** `fetch` sets Host, Origin and Sec-Fetch-* itself; a page's browser is imitated with a plain request. */
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body = "{}",
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>();
  const outgoing = request(`${app.url}${path}`, { method, headers }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => (text += chunk));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
  });
  outgoing.on("error", reject);
  outgoing.end(method === "POST" ? body : undefined);
  return promise;
}

const decision = `/approvals/${APPROVAL}/decision`;

describe("another web page cannot approve a deployment", () => {
  test.each([
    ["a page of another site", { origin: "https://evil.example" }],
    ["a sandboxed frame or a file", { origin: "null" }],
    ["a page whose name only begins like ours", { origin: "http://localhost.evil.example" }],
    ["a delivered service's own page, which a model wrote", { origin: "http://polls.localhost:2080" }],
    ["a delivered service's page on its own port", { origin: "http://127.0.0.1:25352" }],
    ["a name that resolves to this machine", { host: "rebound.evil.example:2024" }],
    ["a rebound page that counts as same-origin", { host: "rebound.evil.example", origin: "http://rebound.evil.example" }],
    ["a page's hidden request without an origin", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
  ])("%s", async (_who, headers) => {
    const before = decisions;
    const answer = await send("POST", decision, { "content-type": "text/plain", ...headers }, '{"type":"approve"}');
    expect(answer.status).toBe(403);
    expect(answer.headers["x-error-code"]).toBe("forbidden");
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(decisions).toBe(before);
  });

  test("nor ask whether it might", async () => {
    const answer = await send("OPTIONS", decision, { origin: "https://evil.example", "access-control-request-method": "POST" });
    expect(answer.status).toBe(403);
  });
});

describe("pages that belong here can", () => {
  test.each(["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000", "https://smith.langchain.com"])("%s", async (origin) => {
    const answer = await send("POST", "/threads/count", { origin });
    expect([answer.status, answer.text]).toEqual([200, "7"]);
    expect(answer.headers["access-control-allow-origin"]).toBe(origin);
    expect(answer.headers["access-control-expose-headers"]).toContain("content-location");
    expect(answer.headers["vary"]).toContain("Origin");
  });

  test("programs, which send no origin, and a person who follows a link", async () => {
    expect((await send("POST", "/threads/count", {})).status).toBe(200);
    expect((await send("GET", "/ok", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).status).toBe(200);
  });

  test("a preflight from Studio over a private network", async () => {
    const answer = await send("OPTIONS", "/threads", {
      origin: "https://smith.langchain.com",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-auth-scheme",
      "access-control-request-private-network": "true",
    });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": "https://smith.langchain.com",
      "access-control-allow-headers": "content-type,x-auth-scheme",
      "access-control-allow-private-network": "true",
    });
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
  });
});

test("origins and hosts can be opened by configuration", async () => {
  await using opened = await serveApp({ threads: { count: async () => 1 } }, { allowedOrigins: ["https://chat.example"], allowedHosts: null });
  const answer = await fetch(`${opened.url}/threads/count`, { method: "POST", headers: { origin: "https://chat.example" } });
  expect(answer.status).toBe(200);
  const other = await fetch(`${opened.url}/threads/count`, { method: "POST", headers: { origin: "http://localhost:3000" } });
  expect(other.status).toBe(403);
});

test("every answer says what it is and is kept by nobody", async () => {
  const answer = await send("GET", "/ok", {});
  expect(answer.headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
  });
  expect(answer.headers["x-powered-by"]).toBeUndefined();
  expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  expect((await send("GET", "/ok", { "x-request-id": "mine-1" })).headers["x-request-id"]).toBe("mine-1");
});
