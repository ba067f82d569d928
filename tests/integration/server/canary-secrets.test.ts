/**
 * Every kind of secret that there is, as a value nobody else would write: one delivery from a sentence to a service, and everything that goes wrong
 * along the way. Afterwards none of them stands anywhere but where it belongs.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { maskForms } from "#delivery/secrets/mask.ts";
import { fixture } from "../../conformance/world.ts";
import { testDatabase } from "../../helpers/database.ts";
import { until } from "../../helpers/delivery-world.ts";
import { finish, teamScript, write } from "../../helpers/engineering-scripts.ts";
import { startModelEndpoint, type ModelReply, type ModelRequest } from "../../helpers/model-endpoint.ts";
import { startServer, type ServerProcess } from "../../helpers/server.ts";
import { stopSupervisor } from "#delivery/supervisor/ensure.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { signToken } from "../../helpers/tokens.ts";
import { startWebhookReceiver } from "../../helpers/webhook-receiver.ts";

const canary = (of: string) => `canary-${of}-${randomBytes(9).toString("hex")}`;
const MODEL_KEY = `sk-${canary("model")}`;
const DOOR = canary("door");
const MCP_TOKEN = canary("mcp");
const MCP_HEADER = canary("mcp-header");
const MCP_ARGUMENT = canary("mcp-variable");
const JWT_SECRET = canary("jwt-secret-of-32-bytes-or-more");
const SERVICE_KEY = canary("service-key-of-32-bytes-or-more");
const SECRETS_KEY = randomBytes(32).toString("base64");
const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const PROXY_PASSWORD = canary("proxy");
const DATABASE_PASSWORD = canary("database");

/** Tells its secret wherever it can: on both channels, in an error, in its answers. */
const SERVER = `import { createServer } from "node:http";
import { add } from "./add.js";

console.log("the token is", process.env.DOOR_API_TOKEN);
console.error(new Error("starting with " + Buffer.from(process.env.DOOR_API_TOKEN).toString("base64")));
createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/health") return response.end(JSON.stringify({ status: "ok", release: process.env.RELEASE, token: process.env.DOOR_API_TOKEN }));
  console.log(JSON.stringify(process.env));
  if (request.headers.authorization !== process.env.DOOR_API_TOKEN) return response.writeHead(401).end();
  response.end(String(add(Number(url.searchParams.get("a")), Number(url.searchParams.get("b")))));
}).listen(Number(process.env.PORT ?? 3000), process.env.HOST);
`;
/** Looks for what it could find, and says it. */
const TEST = `import test from "node:test";
import assert from "node:assert/strict";
import { add } from "../src/add.js";

console.log(JSON.stringify(process.env));
test("adds", () => assert.equal(add(2, 3), 5));
`;
const FILES = [
  write("src/add.js", "export const add = (a, b) => a + b;\n"),
  write("src/server.js", SERVER),
  write("test/add.test.js", TEST),
  { name: "run_command", arguments: { command: "env" } },
];

const team = teamScript(({ answered }): ModelReply => (answered === 0 ? { toolCalls: FILES } : { toolCalls: [finish()] }));

function answer(request: ModelRequest): ModelReply {
  const offered = request.tools?.map((tool) => tool.function.name) ?? [];
  const newest = request.messages.findLast((message) => message.role === "user")?.content ?? "";
  // as OpenAI says it, with the key in it
  if (newest === "fail") return { status: 401, message: `Incorrect API key provided: ${MODEL_KEY}. You can find your API key in your account.` };
  if (offered.includes("sort_message"))
    return {
      toolCalls: [{ name: "sort_message", arguments: { kind: "build", language: "en", groups: ["delivery"], clear: true, missing: [], deliver: "service" } }],
    };
  if (offered.includes("classify_environment"))
    return {
      toolCalls: [
        {
          name: "classify_environment",
          arguments: { names: [{ name: "DOOR_API_TOKEN", class: "user", purpose: "opens the door", where: "choose one", value: null }] },
        },
      ],
    };
  if (!offered.includes("delivery_status")) return team(request);
  const said = request.messages.filter((message) => message.role === "tool").length;
  if (said === 0 && offered.includes("mcp_tools_environment")) return { toolCalls: [{ name: "mcp_tools_environment", arguments: {} }] };
  if (request.messages.at(-1)?.role === "tool" && said > (offered.includes("mcp_tools_environment") ? 1 : 0)) return { text: "Engineering plans it." };
  return {
    toolCalls: [
      { name: "start_delivery", arguments: { project_name: "adder", is_new_project: true, stack: "node", goal: "adds", request: "a service that adds" } },
    ],
  };
}

/** All that can be read from one place, by its name. */
type Haystacks = Map<string, string>;

test("no secret stands anywhere but where it belongs, after a delivery and everything that can go wrong", async () => {
  const database = await testDatabase();
  const databaseUrl = new URL(database.url);
  // where every password does, ours is one
  if (databaseUrl.password === "") databaseUrl.password = DATABASE_PASSWORD;
  await using endpoint = await startModelEndpoint(answer);
  await using receiver = await startWebhookReceiver((response, call) => response.writeHead(call === 0 ? 500 : 204).end());
  const folder = temporaryFolder("canaries");
  const server = await startServer({
    databaseUrl: databaseUrl.href,
    dataDir: join(folder, "data"),
    keptOutput: 50_000_000,
    environment: {
      LOG_LEVEL: "trace",
      AUTH: "jwt,api-key",
      JWT_SECRET,
      SERVICE_KEY,
      SECRETS_KEY,
      WEBHOOK_SECRET,
      WEBHOOK_ALLOW_PRIVATE: "true",
      RATE_LIMIT_PER_MINUTE: "0",
      OPENAI_BASE_URL: endpoint.url,
      OPENAI_API_KEY: MODEL_KEY,
      RECORD_TO: join(folder, "recording.jsonl"),
      RECORDINGS_DIR: join(folder, "none"),
      MCP_CONFIG: writeMcpConfig(folder),
      MCP_VARIABLE: MCP_ARGUMENT,
      HTTPS_PROXY: `http://proxy:${PROXY_PASSWORD}@127.0.0.1:9`,
    },
  });
  const heard: Haystacks = new Map();
  const token = await signToken({ sub: "ada", roles: ["admin"] }, { secret: JWT_SECRET });
  const here = asking(server, { authorization: `Bearer ${token}` }, heard);
  const { key } = JSON.parse(await here.ask("POST", "/auth/keys", { name: "all", scopes: ["read", "write", "approve", "admin"] }, { forget: true })) as {
    key: string;
  };
  expect(key).toMatch(/^slw_/);
  try {
    await deliver(here, { webhook: receiver.url, key });
    await goWrong(here, { token, key });
    await until(async () => receiver.received.length > 2);
    await until(async () => heard.get("event stream")?.includes("login.failed"));
    for (const path of LOOKED_AT) await here.ask("GET", path);
    const { items } = JSON.parse(await here.ask("GET", "/projects")) as { items: { id: string }[] };
    for (const path of ["", "/logs"]) await here.ask("GET", `/projects/${items[0]?.id}${path}`);

    heard.set("webhooks", receiver.received.map(({ text, headers }) => `${text} ${JSON.stringify(headers)}`).join("\n"));
    heard.set("requests of the model", JSON.stringify(endpoint.requests));
    heard.set("the recording", readFileSync(join(folder, "recording.jsonl"), "utf8"));
    heard.set("command lines", commandLines());
    for (const [table, text] of await tablesOf(database.database.sql)) heard.set(`table ${table}`, text);
    for (const [path, text] of filesOf(join(folder, "data"))) heard.set(`file ${path}`, text);
  } finally {
    here.leave();
    await server[Symbol.asyncDispose]();
    await stopSupervisor({ dataDir: join(folder, "data") });
  }
  heard.set("output", server.output());
  expect(server.output()).not.toContain("Warning:");

  const secrets = { MODEL_KEY, DOOR, MCP_TOKEN, MCP_HEADER, MCP_ARGUMENT, JWT_SECRET, SERVICE_KEY, SECRETS_KEY, WEBHOOK_SECRET, PROXY_PASSWORD, token, key };
  const found: string[] = [];
  for (const [secret, value] of Object.entries({ ...secrets, DATABASE_PASSWORD: databaseUrl.password })) {
    const forms = maskForms([value]);
    for (const [place, text] of heard) if (forms.some((form) => text.includes(form))) found.push(`${secret} in ${place}`);
  }
  expect(found).toEqual([]);

  // each place has something to tell, so that its silence says something
  const says: Record<string, string> = {
    webhooks: "start_delivery",
    "requests of the model": "a service that adds",
    "the recording": "a service that adds",
    output: "a credential was refused",
    "table events": "secret",
    "table runs": "product_owner",
    "table approvals": "secret://adder/DOOR_API_TOKEN@1",
    "GET /metrics": "slipway_",
    "GET /openapi.json": "openapi",
    "GET /events?limit=100": "login.failed",
    "GET /events/audit-log": "hash",
    "v1 stream": "Engineering plans it.",
    "v2 stream": "Engineering plans it.",
    "event stream": "login.failed",
  };
  const silent = Object.entries(says).filter(([place, word]) => !heard.get(place)?.includes(word));
  expect(silent.map(([place]) => [place, heard.get(place)?.slice(0, 300)])).toEqual([]);
  const logs = [...heard].find(([place]) => place.endsWith("/logs"));
  expect(logs?.[1]).toContain("the token is [secret]");
  expect([...heard.keys()].filter((place) => place.startsWith("file ")).length).toBeGreaterThan(5);
});

const LOOKED_AT = [
  "/info",
  "/ok",
  "/openapi.json",
  "/metrics",
  "/events?limit=100",
  "/events/audit-log",
  "/events/metrics",
  "/approvals",
  "/auth/keys",
  "/auth/me",
  "/policies",
];

interface Asking {
  /** The text of the answer, whatever its status; it is remembered unless it is meant for the one who asked alone. */
  ask(method: string, path: string, body?: unknown, options?: { forget?: true; headers?: Record<string, string> }): Promise<string>;
  /** Remembers all that a stream says from now on. */
  follow(name: string, method: string, path: string, body?: unknown): Promise<void>;
  leave(): void;
}

function asking(server: ServerProcess, credential: Record<string, string>, heard: Haystacks): Asking {
  const gone = new AbortController();
  const remember = (name: string, text: string) => heard.set(name, `${heard.get(name) ?? ""}${text}\n`);
  const send = (method: string, path: string, body: unknown, headers: Record<string, string>) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { ...credential, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: gone.signal,
    });
  return {
    async ask(method, path, body, { forget, headers = {} } = {}) {
      const response = await send(method, path, body, headers);
      const text = await response.text();
      if (forget !== true) remember(`${method} ${path}`, `${text} ${JSON.stringify([...response.headers])}`);
      return text;
    },
    async follow(name, method, path, body) {
      const response = await send(method, path, body, { accept: "text/event-stream", ...(name === "v1 stream" ? { "last-event-id": "-" } : {}) });
      expect([name, response.status]).toEqual([name, 200]);
      remember(name, "");
      const decoder = new TextDecoder();
      void (async () => {
        for await (const piece of response.body ?? []) heard.set(name, `${heard.get(name)}${decoder.decode(piece as Uint8Array, { stream: true })}`);
      })().catch(() => {});
    },
    leave: () => gone.abort(),
  };
}

interface Waiting {
  id: string;
  kind: string;
  thread_id: string;
}

/** A sentence, a plan, a secret that a person types, a deployment. */
async function deliver({ ask, follow }: Asking, { webhook, key }: { webhook: string; key: string }): Promise<void> {
  const { thread_id: thread } = JSON.parse(await ask("POST", "/threads", {})) as { thread_id: string };
  await follow("event stream", "GET", "/events/stream?after=0");
  await follow("v1 stream", "GET", `/threads/${thread}/stream`);
  await follow("v2 stream", "POST", `/threads/${thread}/stream/events`, { channels: ["values", "updates", "messages", "tools", "lifecycle", "input"] });
  // over v2, so that its stream has all of it
  await ask("POST", `/threads/${thread}/commands`, {
    id: 1,
    method: "run.start",
    params: { assistant_id: "product_owner", input: { messages: [{ role: "user", content: "build me a service that adds" }] } },
  });
  const next = (kind: string) =>
    until(async () => (JSON.parse(await ask("GET", "/approvals?state=pending")) as { items: Waiting[] }).items.find((item) => item.kind === kind));
  const decide = async (kind: string, decision: unknown) => {
    const { id } = await next(kind);
    // with a second credential beside the first, as the SDK sends what it finds in its environment
    await ask("POST", `/approvals/${id}/decision`, decision, { headers: { "x-api-key": key, "x-forwarded-for": "10.0.0.1" } });
  };
  await decide("plan", { type: "approve" });
  await decide("secret", { type: "edit", args: { DOOR_API_TOKEN: DOOR } });
  await decide("deploy", { type: "approve" });
  await until(async () => (await ask("GET", "/projects")).includes('"live"'));
  await until(async () => (await ask("GET", `/threads/${thread}/state`)).includes("is deployed"));
  await ask("GET", `/threads/${thread}`);
  await ask("POST", `/threads/${thread}/history`, {});
  await ask("POST", `/threads/${thread}/runs/wait`, {
    assistant_id: "product_owner",
    input: { messages: [{ role: "user", content: "fail" }] },
    webhook,
  });
  await ask("POST", `/threads/${thread}/runs/stream`, { assistant_id: "product_owner", input: { messages: [{ role: "user", content: "fail" }] }, webhook });
  await ask("POST", `/threads/${thread}/runs/wait`, { assistant_id: "product_owner", input: { messages: [{ role: "user", content: "build" }] }, webhook });
}

/** Whatever makes a server speak of what it was given. */
async function goWrong({ ask }: Asking, { token, key }: { token: string; key: string }): Promise<void> {
  const spoilt = [
    { authorization: `Bearer ${token}x` },
    { authorization: `Basic ${Buffer.from(`ada:${SERVICE_KEY}`).toString("base64")}` },
    { authorization: "", "x-api-key": `${key}x` },
    { authorization: "", "x-service-key": `${SERVICE_KEY}x` },
    { authorization: `Bearer ${token}`, cookie: `session=${SERVICE_KEY}` },
  ];
  for (const headers of spoilt) await ask("GET", "/threads/no-uuid", undefined, { headers });
  await ask("POST", "/threads", `{"metadata": {"key": "${key}" `, { forget: true });
  await ask("GET", "/nothing");
  await ask("POST", "/runs/wait", { assistant_id: "nothing", input: {} });
  await ask("POST", "/mcp", {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "product_owner", arguments: { messages: [{ role: "user", content: "fail" }] } },
  });
}

/** One that works, one that dies with its token on its lips, one that is not there. */
function writeMcpConfig(folder: string): string {
  const path = join(folder, "mcp.json");
  const command = { command: process.execPath, args: [fixture("mcp/server.mjs")] };
  const mcpServers = {
    tools: { ...command, env: { TOKEN: MCP_TOKEN, OTHER: "${MCP_VARIABLE}" } },
    broken: { ...command, env: { TOKEN: MCP_TOKEN, BROKEN: folder } },
    remote: { url: "http://127.0.0.1:9/mcp", headers: { authorization: `Bearer ${MCP_HEADER}` } },
  };
  writeFileSync(path, JSON.stringify({ mcpServers }));
  return path;
}

/** Every table as text; what is kept in bytes also read as such. */
async function tablesOf(sql: Awaited<ReturnType<typeof testDatabase>>["database"]["sql"]): Promise<[string, string][]> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
  expect(tables.length).toBeGreaterThan(15);
  const texts: [string, string][] = [];
  for (const { schema, name } of tables) {
    const rows = await sql<{ text: string }[]>`select t::text as text from ${sql(schema)}.${sql(name)} as t`;
    texts.push([name, rows.map(({ text }) => text).join("\n")]);
  }
  return texts;
}

/** Files of the data directory as Latin-1, which loses no byte of ASCII. */
function filesOf(folder: string): [string, string][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => {
      try {
        return [[path.slice(folder.length), readFileSync(path, "latin1")] satisfies [string, string]];
      } catch {
        return [];
      }
    });
}

/** What any account of this machine can read of every process. */
function commandLines(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1");
      } catch {
        return "";
      }
    })
    .join("\n");
}
