import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ERROR_CODES } from "#errors";
import { securityOf } from "#server/openapi/security.ts";
import { serveApp, type HttpApp, type SomeServices } from "../../helpers/http-app.ts";
import { allRoutes } from "../../helpers/routes.ts";

const SYSTEM: SomeServices = {
  system: { ready: () => true, info: () => ({ version: "9.8.7", langgraph_js_version: "1.0.0", sandbox: "none", models: "replay", graphs: [] }) },
};

const Operation = z.looseObject({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean() })).default([]),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.unknown()),
});
const OpenApi = z.looseObject({
  openapi: z.literal("3.1.0"),
  info: z.looseObject({ version: z.string() }),
  servers: z.array(z.looseObject({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()), securitySchemes: z.record(z.string(), z.unknown()).optional() }),
});

async function documentOf(app: HttpApp): Promise<z.infer<typeof OpenApi>> {
  return OpenApi.parse(await (await fetch(`${app.url}/openapi.json`)).json());
}

let app: HttpApp;
let document: z.infer<typeof OpenApi>;
beforeAll(async () => {
  // figures are served only where there are some
  app = await serveApp(SYSTEM, {
    metrics: { contentType: "text/plain", text: async () => "", json: async () => [], answered() {}, streamOpened: () => () => {} },
  });
  document = await documentOf(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

test("is a document of OpenAPI 3.1", async () => {
  const result = await new Validator().validate(structuredClone(document));
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
  expect(document.info.version).toBe("9.8.7");
  expect(JSON.stringify(document)).not.toContain("#/$defs");
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("describes every route that is served, and no other", () => {
  const templates = allRoutes().map((route) => route.replaceAll(/:(\w+)/g, "{$1}"));
  // what takes any method only refuses the other ones
  const served = templates.filter((route) => !route.startsWith("ALL ")).toSorted();
  expect(
    operations()
      .map(({ path, method }) => `${method.toUpperCase()} ${path}`)
      .toSorted(),
  ).toEqual(served);
  for (const route of templates.filter((one) => one.startsWith("ALL "))) expect(Object.keys(document.paths)).toContain(route.slice(4));
});

test("describes every path that the official client asks", () => {
  const folder = dirname(createRequire(import.meta.url).resolve("@langchain/langgraph-sdk"));
  const clients = ["assistants", "crons", "runs", "store", "threads"].map((name) => readFileSync(join(folder, "client", name, "index.js"), "utf8"));
  const asked = clients.join("\n").matchAll(/["`](\/(?:assistants|threads|runs|store)(?:\/[^"`?\s]*)?)(?=["`?])/g);
  const known = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, "*"));
  const paths = [...new Set([...asked].map(([, path = ""]) => path.replaceAll(/\$\{[^}]*\}/g, "*")))];
  expect(paths.length).toBeGreaterThan(25);
  expect(paths.filter((path) => !known.includes(path))).toEqual([]);
});

test("tells parameters, bodies and answers", () => {
  const history = document.paths["/threads/{thread_id}/history"]?.["get"];
  expect(history?.parameters.map(({ name, in: where, required }) => [name, where, required])).toEqual([
    ["thread_id", "path", true],
    ["limit", "query", false],
    ["before", "query", false],
  ]);
  const stream = document.paths["/threads/{thread_id}/runs/stream"]?.["post"];
  expect(stream?.requestBody).toMatchObject({ required: true, content: { "application/json": { schema: { $ref: "#/components/schemas/RunCreate" } } } });
  expect(stream?.responses["200"]).toMatchObject({
    headers: { "content-location": {}, location: {} },
    content: { "text/event-stream": {} },
  });
  expect(document.paths["/threads/search"]?.["post"]?.responses["200"]).toMatchObject({
    headers: { "x-pagination-total": {}, "x-pagination-next": {} },
    content: { "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/Thread" } } } },
  });
  expect(document.paths["/threads"]?.["post"]?.responses["4XX"]).toEqual({ $ref: "#/components/responses/Refused" });
  expect(document.paths["/approvals"]?.["get"]?.responses["4XX"]).toEqual({ $ref: "#/components/responses/RefusedInJson" });
  expect(document.components["headers"]).toMatchObject({ ErrorCode: { schema: { enum: Object.keys(ERROR_CODES) } } });
});

describe("how clients say who they are", () => {
  test("nobody is asked without authentication", () => {
    expect(document.security).toBeUndefined();
    expect(document.components.securitySchemes).toBeUndefined();
  });

  test("what is configured is told, and what is open to everybody", async () => {
    const security = securityOf({ kinds: ["jwt", "api-key"], hasServiceKey: true, own: undefined });
    await using guarded = await serveApp(SYSTEM, { security });
    const told = await documentOf(guarded);
    expect(told.security).toEqual([{ jwt: [] }, { "api-key": [] }, { "service-key": [] }]);
    expect(Object.keys(told.components.securitySchemes ?? {})).toEqual(["jwt", "api-key", "service-key"]);
    expect(told.paths["/ok"]?.["get"]?.security).toEqual([]);
    expect(told.paths["/threads"]?.["post"]?.security).toBeUndefined();
    expect((await new Validator().validate(structuredClone(told))).valid).toBe(true);
  });

  test("a project tells of its own auth", () => {
    const schemes = { tenant: { type: "apiKey", in: "header", name: "x-tenant" } };
    expect(
      securityOf({
        kinds: ["none"],
        hasServiceKey: false,
        own: { path: "./auth.ts:auth", openapi: { securitySchemes: schemes, security: [{ tenant: [] }] } } as never,
      }),
    ).toEqual({
      schemes,
      required: [{ tenant: [] }],
    });
    expect(securityOf({ kinds: ["none"], hasServiceKey: false, own: { path: "./auth.ts:auth" } as never }).required).toEqual([{ projectAuth: [] }]);
  });
});

describe("the page to read and try it", () => {
  test("runs nothing that does not come from here", async () => {
    const page = await fetch(`${app.url}/docs`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:|<script>|style=/);
    for (const [, file = ""] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect((await fetch(new URL(file, `${app.url}/docs`))).status).toBe(200);
    expect((await fetch(`${app.url}/docs/`)).url).toBe(`${app.url}/docs`);
  });

  test("gives no other file", async () => {
    for (const file of ["package.json", "..%2fpackage.json", "index.html", "swagger-ui.js.map"])
      expect((await fetch(`${app.url}/docs/${file}`)).status).toBe(400);
  });

  test("works under a prefix, and can be switched off", async () => {
    await using moved = await serveApp(SYSTEM, { http: { mount_prefix: "/agents" } as never });
    expect((await fetch(`${moved.url}/agents/docs/start.js`)).status).toBe(200);
    const told = OpenApi.parse(await (await fetch(`${moved.url}/agents/openapi.json`)).json());
    expect(told.servers).toEqual([{ url: "/agents" }]);
    await using hidden = await serveApp(SYSTEM, { http: { disable_meta: true } as never });
    for (const path of ["/docs", "/docs/start.js", "/openapi.json"]) expect((await fetch(`${hidden.url}${path}`)).status).toBe(404);
  });
});
