import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "#errors";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Assistant, Run, Thread } from "#protocol/wire.ts";
import { serveApp, type HttpApp } from "../../helpers/http-app.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const created: { input: RunCreate; headers: Record<string, string> }[] = [];
let app: HttpApp;

beforeAll(async () => {
  app = await serveApp({
    threads: {
      create: async (_caller, input) => ({ thread_id: ID, ...input }) as unknown as Thread,
      get: async (_caller, id) => {
        throw new AppError("not_found", `Thread with ID ${id} not found`);
      },
      update: async () => ({ thread_id: ID }) as Thread,
      search: async (_caller, { limit, offset }) => ({ items: [{ thread_id: ID, status: "idle" } as Thread].slice(0, limit), total: offset + 3 }),
    },
    assistants: {
      search: async () => ({ items: [{ assistant_id: ID, graph_id: "agent", name: "Untitled" } as Assistant], total: 1 }),
      get: async () => {
        throw new Error("connect ECONNREFUSED postgres://root:secret@10.9.8.7:5432/slipway");
      },
    },
    runs: {
      create: async (_caller, _thread, input, { headers }) => {
        created.push({ input, headers });
        return { run_id: ID } as Run;
      },
    },
    store: { get: async () => null, put: async () => {} },
    projects: { list: async () => ({ items: [], total: 0 }) },
    approvals: {
      get: async () => {
        throw new AppError("already_decided", "Decided by ann.", { details: { decided_by: "ann" } });
      },
    },
    system: { ready: () => false, info: () => ({ version: "0.1.0", langgraph_js_version: "1.4.18", sandbox: "namespaces", models: "replay", graphs: [] }) },
  });
});
afterAll(() => app[Symbol.asyncDispose]());

const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });

describe("bodies", () => {
  test("no body at all creates a thread", async () => {
    const answer = await send("POST", "/threads");
    expect([answer.status, await answer.json()]).toEqual([200, { thread_id: ID }]);
  });

  test.each(["application/json", "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"])("%s is read as JSON", async (type) => {
    const answer = await send("POST", "/threads", '{"metadata":{"a":1}}', { "content-type": type });
    expect(await answer.json()).toEqual({ thread_id: ID, metadata: { a: 1 } });
  });

  test("malformed JSON is a 400 in words", async () => {
    const answer = await send("POST", "/threads", '{"metadata":', { "content-type": "application/json" });
    expect([answer.status, answer.headers.get("x-error-code")]).toEqual([400, "invalid_request"]);
    expect(await answer.text()).toContain("Malformed JSON");
  });

  test("a wrong field is named, its value is not repeated", async () => {
    const answer = await send("POST", `/threads/${ID}/runs`, '{"assistant_id":"a","stream_mode":["novelty-hush"]}');
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(text).toContain("stream_mode");
    expect(text).not.toContain("novelty-hush");
  });

  test("10 MB pass, more is a 413 and the server goes on", async () => {
    const body = (size: number) => JSON.stringify({ metadata: { big: "x".repeat(size) } });
    expect((await send("POST", "/threads", body(9_900_000))).status).toBe(200);
    const answer = await send("POST", "/threads", body(11_000_000));
    expect([answer.status, answer.headers.get("x-error-code")]).toEqual([413, "payload_too_large"]);
    expect((await send("POST", "/threads")).status).toBe(200);
  });

  test.each([
    ["deep nesting", "[".repeat(500_000) + "]".repeat(500_000), 400],
    ["a list where an object stands", "[]", 400],
    ["a bare null", "null", 400],
    ["a multipart form", "--x--", 400],
    ["broken gzip", "not gzip", 400],
    ["an unknown encoding", "{}", 400],
  ])("%s", async (what, body, status) => {
    const headers: Record<string, string> = { "content-type": what === "a multipart form" ? "multipart/form-data; boundary=x" : "application/json" };
    if (what === "broken gzip") headers["content-encoding"] = "gzip";
    if (what === "an unknown encoding") headers["content-encoding"] = "novel";
    expect((await send("POST", "/threads", body, headers)).status).toBe(status);
  });
});

describe("addresses", () => {
  test.each([
    ["GET", "/threads/not-a-uuid", 400],
    ["GET", `/threads/${ID}%00`, 400],
    ["GET", "/threads/%E0%A4%A", 400],
    ["GET", `/threads/${ID}/runs/nope`, 400],
    ["GET", "/approvals/nope", 400],
    ["GET", "/nowhere", 404],
    ["PUT", "/threads", 404],
    ["GET", `/threads/${ID}`, 404],
  ])("%s %s is %i", async (method, path, status) => {
    expect((await send(method, path)).status).toBe(status);
  });

  test("the words of the peer reach the SDK", async () => {
    const answer = await send("GET", `/threads/${ID}`);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    expect(await answer.text()).toBe(`Thread with ID ${ID} not found`);
  });
});

describe("errors", () => {
  test("our own routes answer JSON with a code", async () => {
    const answer = await send("GET", `/approvals/${ID}`);
    expect(answer.status).toBe(409);
    expect(answer.headers.get("x-error-code")).toBe("already_decided");
    expect(await answer.json()).toEqual({ code: "already_decided", message: "Decided by ann.", details: { decided_by: "ann" } });
  });

  test("what broke inside stays inside", async () => {
    const answer = await send("GET", "/assistants/agent");
    const text = await answer.text();
    expect([answer.status, answer.headers.get("x-error-code")]).toEqual([500, "internal"]);
    expect(text).not.toMatch(/postgres|secret|10\.9|Error:|at .*\.ts/);
  });
});

describe("headers and pages", () => {
  test("x-headers and the user agent reach the run, credentials do not", async () => {
    await send("POST", "/runs", '{"assistant_id":"agent"}', {
      "x-Trace": "t1",
      "x-api-key": "k",
      "x-service-key": "s",
      "x-tenant-id": "t",
      authorization: "Bearer b",
      "user-agent": "test/1",
    });
    expect(created.at(-1)?.headers).toEqual({ "x-trace": "t1", "user-agent": "test/1" });
  });

  test("a page names its total and where the next one begins", async () => {
    const answer = await send("POST", "/threads/search", '{"limit":1,"offset":4,"select":["thread_id"]}');
    expect(await answer.json()).toEqual([{ thread_id: ID }]);
    expect([answer.headers.get("x-pagination-total"), answer.headers.get("x-pagination-next")]).toEqual(["7", "5"]);
  });

  test("the last page names no next one", async () => {
    const answer = await send("POST", "/assistants/search", "{}");
    expect([answer.headers.get("x-pagination-total"), answer.headers.get("x-pagination-next")]).toEqual(["1", null]);
  });

  test("return=minimal answers without a body", async () => {
    const answer = await send("PATCH", `/threads/${ID}`, '{"metadata":{}}', { prefer: "return=minimal" });
    expect(answer.status).toBe(204);
  });
});

describe("store", () => {
  test("nothing there is null with 200", async () => {
    const answer = await send("GET", "/store/items?namespace=a.b&key=k");
    expect([answer.status, await answer.json()]).toEqual([200, null]);
  });

  test.each([
    ['{"namespace":[],"key":"k","value":{}}', 400],
    ['{"namespace":["a",""],"key":"k","value":{}}', 422],
    ['{"namespace":["a.b"],"key":"k","value":{}}', 422],
    ['{"namespace":["a"],"key":"k","value":"text"}', 400],
    ['{"namespace":["a"],"key":"k","value":{}}', 204],
  ])("put %s is %i", async (body, status) => {
    expect((await send("PUT", "/store/items", body)).status).toBe(status);
  });
});

test("a server that cannot take work yet says so", async () => {
  const answer = await send("GET", "/ok");
  expect([answer.status, await answer.json()]).toEqual([503, { ok: false }]);
  const info: unknown = await (await send("GET", "/info")).json();
  expect(info).toMatchObject({ version: "0.1.0", context: "js", flags: { assistants: true, crons: true }, sandbox: "namespaces", models: "replay" });
});

test("our lists come with their items named", async () => {
  expect(await (await send("GET", "/projects")).json()).toEqual({ items: [] });
});
