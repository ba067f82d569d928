/** Who was refused what stands in the log; what they brought does not. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Client } from "@langchain/langgraph-sdk";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { DENIALS_OF_ONE, makeAccessDenials } from "#governance/access-denials.ts";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";
import { testDatabase } from "../helpers/database.ts";
import { silent } from "../helpers/http-app.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";

const here = world({ environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0" }) });

type Credential = Record<string, string>;
interface Told {
  type: string;
  owner: string | null;
  actor: string | null;
  data: { reason: string; action?: string; status?: number };
}

const ask = (credential: Credential, method: string, path: string, body?: unknown) =>
  here.http(method, path, body, { ...credential, "content-type": "application/json" });

async function told(credential: Credential, path = "/events?type=access.denied&limit=100"): Promise<Told[]> {
  return ((await (await ask(credential, "GET", path)).json()) as { items: Told[] }).items;
}

verifies("denied.told", async () => {
  const [ada, bob, root] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" }), await bearer({ sub: "root", roles: ["admin"] })];
  const client = new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: ada });
  const { thread_id: thread } = await client.threads.create();
  const unknown = randomUUID();
  expect((await ask(bob, "GET", `/threads/${thread}/state?secret=canary-query`)).status).toBe(404);
  expect((await ask(bob, "GET", `/threads/${unknown}`)).status).toBe(404);
  const reader = await bearer({ sub: "bob", scopes: ["read"] });
  expect((await ask(reader, "POST", "/threads", {})).status).toBe(403);
  expect((await ask({}, "GET", `/threads/${thread}`)).status).toBe(401);
  expect((await ask({ authorization: "Bearer canary-token" }, "GET", `/threads/${thread}`)).status).toBe(401);
  expect((await ask({ "x-api-key": "slw_canary" }, "GET", "/threads/slw_canary")).status).toBe(401);

  const all = await until(
    () => told(root, "/events?type=access.denied,login.failed&limit=100"),
    (items) => items.length >= 5,
  );
  expect(all.map(({ type, owner, actor, data: { action, status } }) => [type, owner, actor, action, status])).toEqual(
    expect.arrayContaining([
      ["access.denied", "ada", "bob", `GET /threads/${thread}/state`, 404],
      ["access.denied", "bob", "bob", "POST /threads", 403],
      ["access.denied", null, null, `GET /threads/${thread}`, 401],
      ["login.failed", null, null, undefined, undefined],
      ["login.failed", null, null, undefined, undefined],
    ]),
  );
  // once each, and nothing of what is not there at all
  expect(all).toHaveLength(5);
  expect(JSON.stringify(all)).not.toMatch(/canary|secret/);
  expect(JSON.stringify(all)).not.toContain(unknown);
  expect((await told(ada)).map(({ actor }) => actor)).toEqual(["bob"]);
  // who asked is not told that there is something
  expect((await told(bob)).map(({ data }) => data.action)).toEqual(["POST /threads"]);
  const audited = await told(root, "/events/audit-log?type=access.denied,login.failed&limit=100");
  expect(audited.map(({ type }) => type).toSorted()).toEqual(["access.denied", "access.denied", "access.denied", "login.failed", "login.failed"]);
});

verifies("denied.inside", async () => {
  const [ada, eve] = [await bearer({ sub: "ada" }), await bearer({ sub: "eve" })];
  const client = new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: ada });
  const { thread_id: thread } = await client.threads.create();
  const { run_id: run } = await client.runs.create(thread, "ask", { input: {} });
  await client.runs.join(thread, run);
  const { assistant_id: assistant } = await client.assistants.create({ graphId: "ask" });
  const asked = (await (await ask(ada, "GET", `/approvals?thread_id=${thread}`)).json()) as { items: { id: string }[] };
  const approval = asked.items[0]?.id ?? "";

  const rpc = (path: string, method: string, params: object) =>
    ask({ ...eve, accept: "application/json, text/event-stream" }, "POST", path, { jsonrpc: "2.0", id: 1, method, params });
  const message = { kind: "message", role: "user", messageId: randomUUID(), parts: [{ kind: "data", data: {} }] };
  const answers = [
    await ask(eve, "POST", "/approvals/decisions", { approval_ids: [approval, randomUUID()], decision: true }),
    await rpc("/mcp", "tools/call", { name: "continue_thread", arguments: { thread_id: thread, answer: "yes" } }),
    await rpc("/a2a/ask", "tasks/get", { id: run }),
    await rpc("/a2a/ask", "message/send", { message: { ...message, contextId: thread } }),
    await ask(eve, "GET", `/threads/${thread}/runs/${run}/stream`),
  ];
  // each was refused inside of an answer
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  }
  expect((await ask(eve, "POST", "/runs/batch", [{ assistant_id: assistant, input: {} }])).status).toBe(404);

  const own = await new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: eve }).threads.create();
  const commanded = async (credential: Credential, assistantId: string) => {
    const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${own.thread_id}/stream/events`, { headers: credential });
    await once(socket, "open");
    const answered = once(socket, "message");
    socket.send(JSON.stringify({ id: 1, method: "run.start", params: { assistant_id: assistantId, input: {} } }));
    const [answer] = await answered;
    socket.close();
    return JSON.parse(String(answer)) as object;
  };
  expect(await commanded(await bearer({ sub: "eve", scopes: ["read"] }), "ask")).toMatchObject({ type: "error", error: "permission_denied" });
  expect(await commanded(eve, assistant)).toMatchObject({ type: "error" });

  const actions = async (credential: Credential, count: number) =>
    (
      await until(
        async () => (await told(credential)).filter(({ actor }) => actor === "eve"),
        (items) => items.length >= count,
      )
    ).map(({ owner, data }) => [owner, data.action, data.status]);
  expect((await actions(ada, 7)).toSorted()).toEqual(
    [
      ["ada", `POST /approvals/decisions ${approval}`, 404],
      ["ada", "POST /mcp tools/call continue_thread", 404],
      ["ada", "POST /a2a/ask tasks/get", 404],
      ["ada", "POST /a2a/ask message/send", 404],
      ["ada", `GET /threads/${thread}/runs/${run}/stream`, 404],
      ["ada", "POST /runs/batch", 404],
      ["ada", `GET /threads/${own.thread_id}/stream/events run.start`, 404],
    ].toSorted(),
  );
  expect(await actions(eve, 1)).toEqual([["eve", `GET /threads/${own.thread_id}/stream/events run.start`, 403]]);
});

verifies("denied.bounded", async () => {
  const { database } = await testDatabase();
  let now = 0;
  const limiter = new MemoryRateLimiter(DENIALS_OF_ONE, () => now);
  const denials = makeAccessDenials({ sql: database.sql, log: silent, limiter, toldLogins: true });
  const note = (owner: string) =>
    denials.note({
      status: 403,
      reason: "no",
      method: "GET",
      path: "/policies",
      step: null,
      named: [],
      caller: { owner },
      address: "192.0.2.7",
      presented: true,
    });
  /** Events, and the refusals that they stand for beyond themselves. */
  const told = async () => {
    const [row] = await database.sql<{ events: number; left_out: number }[]>`
      select count(*)::int as events, coalesce(sum((data ->> 'left_out')::int), 0)::int as left_out from event_intake`;
    return row ?? { events: 0, left_out: 0 };
  };
  for (let time = 0; time < 500; time += 1) note("scanner");
  await until(told, ({ events }) => events === 10);
  note("somebody else");
  expect(await until(told, ({ events }) => events === 11)).toEqual({ events: 11, left_out: 490 });
  // many who scan at once
  for (let one = 0; one < 500; one += 1) note(`scanner ${one}`);
  await until(told, ({ events }) => events === 60);
  now += 60_000;
  note("scanner");
  expect(await until(told, ({ events }) => events === 61)).toEqual({ events: 61, left_out: 490 + 451 });
});
