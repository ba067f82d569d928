/** What every answer is wrapped in, which pages may ask, and where the server itself goes when somebody gives it an address; under `AUTH`. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SignJWT } from "jose";
import { allRoutes } from "../helpers/routes.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const CHAT = "https://chat.example";
const here = world({ environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0", CORS_ORIGINS: CHAT }) });
const open = world({ environment: () => ({ AUTH: "none" }) });

interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** `fetch` sets Origin and Upgrade itself; a page's browser is imitated with a plain request. Streams are left after their headers. */
function send(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  // a DELETE gets no length by itself
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const asked = request(`${here.server.url}${path}`, { method, headers: { ...headers, ...length } }, (response) => {
    const answered = { status: response.statusCode ?? 0, headers: response.headers, text: "" };
    if (response.headers["content-type"]?.startsWith("text/event-stream") === true) {
      response.destroy();
      return resolve(answered);
    }
    response.setEncoding("utf8").on("data", (piece: string) => (answered.text += piece));
    response.on("end", () => resolve(answered));
  });
  asked.on("upgrade", (response, socket) => {
    socket.destroy();
    resolve({ status: response.statusCode ?? 0, headers: response.headers, text: "" });
  });
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

const STACK = /\bat .+:\d+:\d+|node_modules|\/src\/|postgres(?:ql)?:\/\/|select .+ from|insert into/i;

verifies("hardening.headers", async () => {
  const ada = await bearer({ sub: "ada" });
  const wrong: unknown[] = [];
  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==", "sec-websocket-version": "13" };
  const asks = allRoutes().flatMap((route) => {
    const [method = "", template = ""] = route.split(" ");
    const path = template.replaceAll(/:\w+/g, randomUUID());
    const verb = method === "ALL" ? "POST" : method;
    const json = { "content-type": "application/json" };
    return [
      { route, answer: () => send(verb, path, {}) },
      { route: `${route}, let in`, answer: () => send(verb, path, { ...ada, ...json }, verb === "GET" ? undefined : "{}") },
      { route: `${route}, broken`, answer: () => send(verb, path, { ...ada, ...json }, verb === "GET" ? undefined : '{"a":') },
      { route: `${route}, %`, answer: () => send(verb, template.replaceAll(/:\w+/g, "%E0%A4%A"), ada) },
    ];
  });
  const odd = ["/nothing", "/threads/../../etc/passwd", "//evil.example/x", "/threads?limit=%00"].map((path) => ({
    route: path,
    answer: () => send("GET", path, ada),
  }));
  const sockets = [{}, { ...ada, origin: "https://evil.example" }].map((headers) => ({
    route: "WS",
    answer: () => send("GET", `/threads/${randomUUID()}/stream/events`, { ...headers, ...upgrade }),
  }));
  expect(asks.length).toBeGreaterThan(200);
  for (const { route, answer } of [...asks, ...odd, ...sockets]) {
    const { status, headers, text } = await answer();
    const csp = headers["content-security-policy"] ?? "";
    const good =
      headers["x-content-type-options"] === "nosniff" &&
      headers["x-frame-options"] === "DENY" &&
      headers["referrer-policy"] === "no-referrer" &&
      headers["cross-origin-resource-policy"] !== undefined &&
      csp.includes("default-src 'none'") &&
      csp.includes("frame-ancestors 'none'") &&
      !csp.includes("unsafe-eval") &&
      headers["x-powered-by"] === undefined &&
      headers["server"] === undefined &&
      headers["x-request-id"] !== undefined;
    if (!good || (status >= 400 && STACK.test(text)) || status >= 500) wrong.push({ route, status, headers, text: text.slice(0, 300) });
  }
  expect(wrong).toEqual([]);
});

verifies("hardening.cors", async () => {
  const ada = await bearer({ sub: "ada" });
  const preflight = (origin: string, headers: Record<string, string> = {}) =>
    send("OPTIONS", "/threads/search", { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization", ...headers });
  const ask = (origin: string) => send("POST", "/threads/search", { origin, ...ada, "content-type": "application/json" }, "{}");
  for (const answer of [await preflight(CHAT), await ask(CHAT)]) {
    expect([answer.status < 300, answer.headers["access-control-allow-origin"]]).toEqual([true, CHAT]);
    // credentials are headers of the page's own choice, never a cookie that comes along
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
  }
  // also those that a server without accounts lets in
  for (const origin of [
    "http://localhost:3000",
    "https://smith.langchain.com",
    "null",
    "https://evil.example",
    `${CHAT}.evil.example`,
    "https://chat.example:444",
    "http://chat.example",
  ]) {
    for (const answer of [await preflight(origin), await preflight(origin, { "access-control-request-private-network": "true" }), await ask(origin)])
      expect([origin, answer.status, answer.headers["access-control-allow-origin"]]).toEqual([origin, 403, undefined]);
  }
  // what is open to anybody is not open to any page
  expect((await send("GET", "/info", { origin: "https://evil.example" })).status).toBe(403);
});

describe("addresses that somebody gives", () => {
  let url = "";
  let visits = 0;
  const trap = createServer((socket) => ((visits += 1), socket.destroy()));
  beforeAll(async () => {
    trap.listen(0, "127.0.0.1");
    await once(trap, "listening");
    // an address of TCP: AddressInfo
    url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  });
  afterAll(() => void trap.close());

  verifies("hardening.ssrf", async () => {
    const json = { "content-type": "application/json" };
    const post = async (path: string, body: unknown, headers = {}, at = open) => (await at.http("POST", path, body, { ...json, ...headers })).status;
    // webhooks: refused by their address, or by what their name leads to
    const run = { assistant_id: "steps", input: {} };
    for (const webhook of [
      url,
      url.replace("127.0.0.1", "0x7f000001"),
      url.replace("127.0.0.1", "2130706433"),
      url.replace("127.0.0.1", "[::ffff:7f00:1]"),
      url.replace("127.0.0.1", "0.0.0.0"),
      "file:///etc/passwd",
      "gopher://127.0.0.1/",
    ])
      expect([webhook, await post("/runs/wait", { ...run, webhook })]).toEqual([webhook, 400]);
    const named = url.replace("127.0.0.1", "localhost");
    for (const [path, body] of [
      ["/runs/wait", { ...run, webhook: named }],
      ["/runs/crons", { ...run, schedule: "0 0 1 1 *", webhook: named }],
    ] as const)
      expect([200, 400]).toContain(await post(path, body));

    // a token that says where its key is
    for (const header of [{ jku: `${url}/keys` }, { x5u: `${url}/cert` }, { jwk: { kty: "oct", k: "AAAA" } }, { kid: `${url}/keys` }]) {
      const token = await new SignJWT({ sub: "ada" })
        .setProtectedHeader({ alg: "HS256", ...header })
        .setExpirationTime("1h")
        .sign(new TextEncoder().encode("x".repeat(40)));
      expect(await post("/threads/search", {}, { authorization: `Bearer ${token}` }, here)).toBe(401);
    }

    // clients of other protocols that want to be called, or bring a picture by its address; settings of a model that a client makes up
    const picture = [{ role: "user", content: [{ type: "image_url", image_url: { url: `${url}/picture.png` } }] }];
    const made = { base_url: url, openai_api_base: url, baseURL: url, proxy: url, configuration: { baseURL: url } };
    expect(await post("/runs/wait", { assistant_id: "chat", input: { messages: picture }, config: { configurable: made } })).toBe(200);
    const a2a = (method: string, params: object) => post("/a2a/chat", { jsonrpc: "2.0", id: 1, method, params });
    const message = { messageId: randomUUID(), kind: "message", role: "user", parts: [{ kind: "file", file: { uri: `${url}/file`, mimeType: "text/plain" } }] };
    await a2a("message/send", { message, configuration: { pushNotificationConfig: { url } } });
    await a2a("message/send", { message: { ...message, parts: [{ kind: "text", text: url }] }, configuration: { pushNotificationConfig: { url } } });
    await a2a("tasks/pushNotificationConfig/set", { taskId: randomUUID(), pushNotificationConfig: { url } });
    for (const headers of [{ "x-forwarded-host": new URL(url).host }, { forwarded: `host=${new URL(url).host}` }, { referer: url }])
      expect((await open.http("GET", "/a2a/chat/.well-known/agent-card.json", undefined, headers)).status).toBe(200);

    // somebody else would have been heard: a webhook is sent within a second of its run
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(visits).toBe(0);
    await fetch(url).catch(() => null);
    expect(visits).toBe(1);
  });
});

/** Files that open connections, and who says where to. A new one is looked at before it stands here. */
const WAYS_OUT: Record<string, string> = {
  "runtime/webhooks/post-webhook.ts": "a user; the address is checked, and the connection goes to what was checked",
  "runtime/stream-bus/redis.ts": "the operator, REDIS_URL",
  "governance/rate-limits/redis-rate-limiter.ts": "the operator, REDIS_URL",
  "runtime/load-custom-app.ts": "nobody: it names the method of a project's application",
  "server/in-process-fetch.ts": "the code of a graph, which the operator serves",
  "governance/identity/json-web-tokens.ts": "the operator, JWKS_URL; redirects are not followed",
  "models/send-request.ts": "the operator, OPENAI_BASE_URL",
  "delivery/mcp/mcp-connection.ts": "the operator, MCP_CONFIG",
  "delivery/supervisor/client.ts": "us: a unix socket",
  "delivery/supervisor/port-owner.ts": "us: a port of this machine",
  "delivery/releases/health-probe.ts": "us: the port of a release on this machine",
  "delivery/proxy/forward.ts": "us: the port of a release on this machine",
  "delivery/proxy/reach.ts": "us: the port of a release on this machine",
};

test("every way out of the server is known", () => {
  const source = new URL("../../src/", import.meta.url);
  const found = ["server", "runtime", "governance", "models", "delivery", "nodes", "tools", "graphs", "metrics"].flatMap((room) =>
    readdirSync(new URL(`${room}/`, source), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${room}/${name}`)
      .filter((path) => {
        const text = readFileSync(new URL(path, source), "utf8").replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
        return (
          /(?<![.\w])fetch\(/.test(text.replaceAll(/^\s*fetch\(request.*$/gm, "")) ||
          /import \{[^}]*\b(?:request|get|connect|createConnection|Socket)\b[^}]*\} from "node:(?:http|https|net|tls|http2)"/.test(text) ||
          /ClientTransport\(|from "ioredis"/.test(text)
        );
      }),
  );
  expect(found.toSorted()).toEqual(Object.keys(WAYS_OUT).toSorted());
});
