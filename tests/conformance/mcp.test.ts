import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport, type CallToolResult } from "@modelcontextprotocol/client";
import { expect } from "vitest";
import { createMcpServers } from "#delivery/mcp/mcp-servers.ts";
import { silent } from "../helpers/http-app.ts";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const here = world();

/** Both revisions that clients speak: with a handshake, and with everything in each request. */
const ERAS = [{ mode: "legacy" }, { mode: "auto" }] as const;

async function connect(versionNegotiation: (typeof ERAS)[number] = ERAS[0]): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: "conformance", version: "1.0.0" }, { versionNegotiation });
  const transport = new StreamableHTTPClientTransport(new URL(`${here.server.url}/mcp`));
  await client.connect(transport);
  return { client, transport };
}

const textOf = (result: CallToolResult) => result.content.map((part) => (part.type === "text" ? part.text : part.type));
const threadOf = (result: CallToolResult) => String(result._meta?.["slipway/thread_id"]);

verifies("mcp.tools", async () => {
  const made = await here.client.assistants.create({ graphId: "chat", name: "Ärger & Söhne: chat", description: "Talks business." });
  const again = await here.client.assistants.create({ graphId: "chat", name: "Ärger & Söhne: chat" });
  for (const era of ERAS) {
    const { client } = await connect(era);
    const { tools } = await client.listTools();
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    expect(byName.size).toBe(tools.length);
    expect(tools.every(({ name, inputSchema }) => /^[\w-]{1,64}$/.test(name) && inputSchema.type === "object")).toBe(true);
    expect([...byName.keys()]).toEqual(expect.arrayContaining(["chat", "ask", "steps", "continue_thread"]));
    expect(byName.get("A_rger_So_hne_chat")).toMatchObject({ description: "Talks business.", title: made.name });
    expect(byName.get(`A_rger_So_hne_chat_${again.assistant_id.slice(0, 8)}`)).toMatchObject({ description: 'Runs the graph "chat".' });
    expect(byName.get("chat")?.inputSchema.properties).toHaveProperty("messages");
    await client.close();
  }
});

verifies("mcp.call", async () => {
  for (const era of ERAS) {
    const { client } = await connect(era);
    const steps: string[] = [];
    const said = await client.callTool(
      { name: "chat", arguments: { messages: [{ type: "human", content: "Hello" }] } },
      { onprogress: ({ progress, message }) => steps.push(`${progress} ${message}`) },
    );
    expect([said.isError ?? false, textOf(said)]).toEqual([false, ["Hello to you too", `thread_id: ${threadOf(said)}`]]);
    expect(steps).toEqual(["1 agent"]);
    const values = await client.callTool({ name: "memory", arguments: { word: "first" } });
    expect(JSON.parse(textOf(values)[0] ?? "")).toMatchObject({ word: "first" });
    expect(await here.client.threads.get(threadOf(values))).toMatchObject({ status: "idle", metadata: { source: "mcp", graph_id: "memory" } });
    await client.close();
  }
});

verifies("mcp.errors", async () => {
  for (const era of ERAS) {
    const { client } = await connect(era);
    const boom = await client.callTool({ name: "boom", arguments: {} });
    expect([boom.isError, textOf(boom)[0]]).toEqual([true, expect.stringMatching(/\w/)]);
    expect(textOf(boom).join()).not.toMatch(/\bat .*:\d+:\d+|\/src\//);
    const missing = await client.callTool({ name: "nobody", arguments: {} });
    expect([missing.isError, textOf(missing)[0]]).toEqual([true, 'There is no tool "nobody".']);
    const unfit = await client.callTool({ name: "continue_thread", arguments: { thread_id: "x" } });
    expect([unfit.isError, textOf(unfit)[0]]).toEqual([true, expect.stringContaining("must be a UUID")]);
    await client.close();
  }
});

verifies("mcp.waits", async () => {
  for (const era of ERAS) {
    const { client } = await connect(era);
    const asked = await client.callTool({ name: "ask", arguments: {} });
    expect(asked.isError ?? false).toBe(false);
    expect(textOf(asked)[0]).toContain('{"question":"first"}');
    const threadId = threadOf(asked);
    expect(textOf(asked)[1]).toBe(`thread_id: ${threadId}`);
    const answered = await client.callTool({ name: "continue_thread", arguments: { thread_id: threadId, answer: false } });
    expect(JSON.parse(textOf(answered)[0] ?? "")).toEqual({ answers: { first: false }, done: true });
    const twice = await client.callTool({ name: "continue_thread", arguments: { thread_id: threadId, answer: true } });
    expect([twice.isError, twice._meta?.["slipway/code"]]).toEqual([true, "nothing_to_resume"]);

    const two = await client.callTool({ name: "ask_two", arguments: {} });
    const questions = JSON.parse(textOf(two)[0]?.split("\n").at(-1) ?? "") as Record<string, { question: string }>;
    const answer = Object.fromEntries(Object.entries(questions).map(([id, { question }]) => [id, question.toUpperCase()]));
    const both = await client.callTool({ name: "continue_thread", arguments: { thread_id: threadOf(two), answer } });
    expect(JSON.parse(textOf(both)[0] ?? "")).toEqual({ answers: { left: "LEFT", right: "RIGHT" }, done: true });
    await client.close();
  }
});

verifies("mcp.turns", async () => {
  const { client } = await connect();
  const first = await client.callTool({ name: "chat", arguments: { messages: [{ type: "human", content: "One" }] } });
  const threadId = threadOf(first);
  const second = await client.callTool({
    name: "continue_thread",
    arguments: { thread_id: threadId, input: { messages: [{ type: "human", content: "Two" }] } },
  });
  expect(second.isError ? textOf(second) : threadOf(second)).toBe(threadId);
  const { values } = await here.client.threads.getState<{ messages: { content: string }[] }>(threadId);
  expect(values.messages.map((message) => message.content)).toEqual(["One", "Hello to you too", "Two", "Hello to you too"]);
  await client.close();
});

verifies("mcp.cancel", async () => {
  const runsOf = async (gate: string) => {
    const threads = await here.client.threads.search({ metadata: { source: "mcp", graph_id: "gate" }, limit: 100 });
    const runs = (await Promise.all(threads.map((thread) => here.client.runs.list(thread.thread_id)))).flat();
    return runs.filter((run) => JSON.stringify(run).includes(gate));
  };
  for (const era of ERAS) {
    const { client } = await connect(era);
    const { input } = here.gate();
    const giveUp = new AbortController();
    const call = client.callTool({ name: "gate", arguments: input }, { signal: giveUp.signal }).catch((error: unknown) => error);
    await until(
      () => runsOf(input.gate),
      (runs) => runs.some((run) => run.status === "running"),
    );
    giveUp.abort();
    expect(await call).toBeInstanceOf(Error);
    await until(
      () => runsOf(input.gate),
      (runs) => runs.every((run) => run.status === "interrupted"),
    );
    await client.close();
  }

  const { client, transport } = await connect();
  const { input } = here.gate();
  const call = client.callTool({ name: "gate", arguments: input }).catch((error: unknown) => error);
  await until(
    () => runsOf(input.gate),
    (runs) => runs.some((run) => run.status === "running"),
  );
  await transport.close();
  expect(await call).toBeInstanceOf(Error);
  await until(
    () => runsOf(input.gate),
    (runs) => runs.every((run) => run.status === "interrupted"),
  );
});

verifies("mcp.http", async () => {
  const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  expect((await here.http("GET", "/mcp", undefined, { accept: "text/event-stream" })).status).toBe(405);
  expect((await here.http("DELETE", "/mcp")).status).toBe(405);
  for (const junk of ["{", "[]", '"x"', "{}", '{"jsonrpc":"2.0","id":1,"method":"no/such"}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":7}']) {
    const answer = await here.http("POST", "/mcp", junk, json);
    const text = await answer.text();
    expect([junk, answer.status < 500]).toEqual([junk, true]);
    expect(answer.status >= 400 || text.includes('"error"')).toBe(true);
  }
  const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
  expect((await here.http("POST", "/mcp/", ping, json)).status).toBe(200);
  expect((await here.http("POST", "/mcp", ping, { ...json, origin: "https://evil.example" })).status).toBe(403);
});

verifies("mcp.as-client", async () => {
  let up = true;
  const relay = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    if (!up) return void outgoing.writeHead(503).end();
    const { host: _, connection: __, "transfer-encoding": ___, ...headers } = incoming.headers as Record<string, string>;
    const body = Buffer.concat(chunks);
    const answer = await fetch(`${here.server.url}${incoming.url}`, { method: incoming.method ?? "GET", headers, ...(body.length > 0 ? { body } : {}) });
    outgoing.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    outgoing.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  // an AF_INET server that listens has an AddressInfo
  const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}/mcp`;
  let time = 0;
  const agents = { name: "agents", missing: [], secrets: [], config: { kind: "http", url, headers: {} } } as const;
  await using servers = createMcpServers([agents], { log: silent, now: () => time });
  expect((await servers.tools()).map((tool) => tool.name)).toContain("mcp_agents_chat");
  const ask = () => servers.call("mcp_agents_chat", { messages: [{ type: "human", content: "Hello" }] }, {});
  const answered = { failed: false, text: expect.stringContaining("Hello to you too") };
  expect(await ask()).toMatchObject(answered);
  up = false;
  expect(await ask()).toMatchObject({ failed: true, text: expect.stringContaining('"agents"') });
  expect(await servers.tools()).toEqual([]);
  up = true;
  expect(await servers.tools()).toEqual([]);
  time += 2_000;
  expect(await ask()).toMatchObject(answered);
  relay.closeAllConnections();
  relay.close();
});
