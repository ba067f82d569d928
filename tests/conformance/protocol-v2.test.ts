import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { testDatabase } from "../helpers/database.ts";
import { type ServerProcess, startServer } from "../helpers/server.ts";
import { BROKEN_AT_PEER, DIFFERENCES, differing } from "../fixtures/protocol-v2/differences.ts";
import { SCENARIOS } from "../fixtures/protocol-v2/scenarios.ts";
import { play, type Transcript } from "../fixtures/protocol-v2/transcript.ts";
import { verifies } from "./verifies.ts";
import { collect, fixture, until, world } from "./world.ts";

const GRAPHS = fixture("protocol-v2/graphs/langgraph.json");
const here = world({ langgraphJson: GRAPHS });

const HELLO = { messages: [{ role: "user", content: "Hi", id: "human-1" }] };

interface Answer {
  type: "success" | "error";
  result: Record<string, unknown>;
  error?: string;
  message?: string;
}

interface Event {
  event_id: string;
  seq: number;
  method: string;
  params: { namespace: string[]; data: Record<string, unknown> };
}

async function command(threadId: string, method: string, params: unknown = {}): Promise<Answer> {
  const response = await here.http("POST", `/threads/${threadId}/commands`, { id: 1, method, params });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

const start = (threadId: string, graph: string, input: unknown, more: object = {}) => command(threadId, "run.start", { assistant_id: graph, input, ...more });

/** The events of a thread until one of them satisfies. */
async function events(url: string, threadId: string, filter: object, enough: (event: Event, all: Event[]) => boolean): Promise<Event[]> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/threads/${threadId}/stream/events`, { method: "POST", body: JSON.stringify(filter), signal: leaving.signal });
  expect(response.status).toBe(200);
  const seen: Event[] = [];
  let text = "";
  if (response.body === null) throw new Error("no body");
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const line = block.split("\n").find((one) => one.startsWith("data: "));
      if (line === undefined) continue;
      const event = JSON.parse(line.slice(6)) as Event;
      seen.push(event);
      if (!enough(event, seen)) continue;
      leaving.abort();
      return seen;
    }
  }
  throw new Error(`the stream ended after ${seen.length} events`);
}

const ALL = ["values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks", "custom"];
const isEnd = (event: Event) =>
  event.method === "lifecycle" && event.params.namespace.length === 0 && ["completed", "interrupted", "failed"].includes(String(event.params.data["event"]));
const ends =
  (runs: number) =>
  (_: Event, all: Event[]): boolean =>
    all.filter(isEnd).length === runs;

verifies("v2.transcripts", async () => {
  const used = new Set<RegExp>();
  const unlisted: string[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (name in BROKEN_AT_PEER) continue;
    const peer = JSON.parse(readFileSync(fixture(`protocol-v2/peer/${name}.json`), "utf8")) as Transcript;
    const ours = await play(here.server.url, scenario);
    const named = (transcript: Transcript) => transcript.events.map((event) => (event as Event).method);
    expect(named(ours), name).toEqual(named(peer));
    const places = [
      ...differing(peer.answers, ours.answers).map((path) => `answer ${path}`),
      ...named(ours).flatMap((method, index) => differing(peer.events[index], ours.events[index]).map((path) => `${method} ${path}`)),
    ];
    for (const place of places) {
      const listed = DIFFERENCES.find(({ at }) => at.test(place));
      if (listed === undefined) unlisted.push(`${name}: ${place}`);
      else used.add(listed.at);
    }
  }
  expect(unlisted).toEqual([]);
  expect(DIFFERENCES.filter(({ at }) => !used.has(at))).toEqual([]);
});

verifies("v2.content-untouched", async () => {
  const threadId = randomUUID();
  await start(threadId, "compare", HELLO, { config: { recursion_limit: 4 } });
  const seen = await events(here.server.url, threadId, { channels: ALL }, ends(1));
  expect(seen.at(-1)?.params.data).toEqual({ event: "completed", graph_name: "compare" });
  const { values } = await here.client.threads.getState<{ messages: { content: unknown }[] }>(threadId);
  expect(values.messages.map((message) => message.content)).toEqual(["Hi", "end"]);
});

const stream = (graph: string, threadId: string = randomUUID(), transport?: "websocket") =>
  here.client.threads.stream(threadId, { assistantId: graph, ...(transport === undefined ? {} : { transport }) });

verifies("v2.messages", async () => {
  await using thread = closing(stream("chat"));
  const messages = thread.stream.messages;
  await thread.stream.run.start({ input: HELLO });
  const texts = [];
  for await (const message of messages) texts.push(await message.text);
  expect(texts).toEqual(["Hello to you too"]);
});

verifies("v2.values", async () => {
  await using thread = closing(stream("talk"));
  await thread.stream.run.start({ input: HELLO });
  const seen = (await collect(thread.stream.values)) as { messages: { content: string }[] }[];
  expect(seen.map((values) => values.messages.map((message) => message.content))).toEqual([["Hi"], ["Hi", "Hello"]]);
  expect(await thread.stream.output).toEqual(seen.at(-1));
});

verifies("v2.tools", async () => {
  await using thread = closing(stream("tool_user"));
  const calls = thread.stream.toolCalls;
  await thread.stream.run.start({ input: HELLO });
  const seen = new Set<string>();
  // the SDK gives a call once more when it opens its stream anew
  for await (const call of calls) seen.add(JSON.stringify([call.name, call.input, (await call.output) as unknown]));
  expect([...seen]).toEqual([JSON.stringify(["weather", { city: "Bern" }, "Sunny in Bern"])]);
});

verifies("v2.subgraphs", async () => {
  await using thread = closing(stream("nested"));
  const subgraphs = thread.stream.subgraphs;
  await thread.stream.run.start({ input: HELLO });
  const names = [];
  for await (const subgraph of subgraphs) names.push(subgraph.name);
  expect(names).toEqual(["middle"]);
  const below = (await events(here.server.url, thread.stream.threadId, { channels: ["values", "lifecycle"], namespaces: [["middle"]], depth: 1 }, (event) => {
    const { namespace, data } = event.params;
    return namespace.length === 1 && data["event"] === "completed";
  })) as Event[];
  expect(new Set(below.map((event) => event.params.namespace.map((segment) => segment.split(":")[0]).join(">")))).toEqual(new Set(["middle", "middle>inner"]));
});

verifies("v2.interrupt", async () => {
  await using thread = closing(stream("ask_below"));
  await thread.stream.run.start({ input: {} });
  await until(
    async () => thread.stream.interrupted,
    (interrupted) => interrupted,
  );
  const [asked] = thread.stream.interrupts;
  expect(asked).toMatchObject({ payload: { question: "deep" }, namespace: [expect.stringMatching(/^child:/)] });
  await thread.stream.input.respond({ namespace: asked?.namespace ?? [], interrupt_id: asked?.interruptId ?? "", response: "yes" });
  const state = await until(
    () => thread.stream.state.get({ namespace: [] }),
    ({ values }) => values["done"] === true,
  );
  expect(state.values).toEqual({ answers: { deep: "yes" }, done: true });
});

async function interrupted(graph: string): Promise<{ threadId: string; asked: { interrupt_id: string; payload: unknown }[] }> {
  const threadId = randomUUID();
  await start(threadId, graph, {});
  const seen = await events(here.server.url, threadId, { channels: ["input", "lifecycle"] }, ends(1));
  return { threadId, asked: seen.filter((event) => event.method === "input.requested").map((event) => event.params.data as never) };
}

verifies("v2.respond-many", async () => {
  const { threadId, asked } = await interrupted("ask_two");
  const responses = asked.map(({ interrupt_id, payload }) => ({ namespace: [], interrupt_id, response: (payload as { question: string }).question }));
  expect(await command(threadId, "input.respond", { responses })).toMatchObject({ type: "success", result: {} });
  await events(here.server.url, threadId, { channels: ["lifecycle"] }, ends(2));
  expect((await command(threadId, "state.get")).result["values"]).toEqual({ answers: { left: "left", right: "right" }, done: true });
});

verifies("v2.respond-refused", async () => {
  const { threadId, asked } = await interrupted("ask_two");
  expect(await command(threadId, "input.respond", { namespace: [], interrupt_id: "0".repeat(32), response: 1 })).toMatchObject({ error: "no_such_interrupt" });
  expect(await start(threadId, "ask_two", "one for both")).toMatchObject({ type: "error", error: "invalid_argument" });
  const responses = asked.map(({ interrupt_id }) => ({ namespace: [], interrupt_id, response: 1 }));
  const answers = await Promise.all(Array.from({ length: 10 }, () => command(threadId, "input.respond", { responses })));
  expect(answers.filter(({ type }) => type === "success")).toHaveLength(1);
  for (const { error } of answers) expect(["invalid_argument", "no_such_interrupt", undefined]).toContain(error);
  await events(here.server.url, threadId, { channels: ["lifecycle"] }, ends(2));
  expect(await command(threadId, "input.respond", { responses })).toMatchObject({ error: "invalid_argument" });
  expect(await command(randomUUID(), "input.respond", { responses })).toMatchObject({ error: "no_such_run" });
});

verifies("v2.multitask", async () => {
  const gate = here.gate();
  const threadId = randomUUID();
  expect(await start(threadId, "gate", gate.input)).toMatchObject({ type: "success" });
  expect(await start(threadId, "gate", {})).toMatchObject({ type: "success" });
  const refused = await here.http("POST", `/threads/${threadId}/commands`, {
    id: 3,
    method: "run.start",
    params: { assistant_id: "gate", input: {}, multitaskStrategy: "reject" },
  });
  expect(refused.status).toBe(409);
  await gate.open();
  const seen = await events(here.server.url, threadId, { channels: ["lifecycle"], namespaces: [[]], depth: 0 }, ends(2));
  expect(seen.map((event) => event.params.data["event"])).toEqual(["running", "completed", "running", "completed"]);
});

verifies("v2.cancel", async () => {
  const gate = here.gate();
  const threadId = randomUUID();
  const { result } = await start(threadId, "gate", gate.input);
  await events(here.server.url, threadId, { channels: ["updates"] }, (event) => event.method === "updates");
  await here.client.runs.cancel(threadId, String(result["run_id"]), true);
  const seen = await events(here.server.url, threadId, { channels: ["lifecycle"] }, ends(1));
  expect(seen.at(-1)?.params.data["event"]).toBe("interrupted");
  await gate.open();
  await start(threadId, "gate", gate.input);
  expect((await events(here.server.url, threadId, { channels: ["lifecycle"] }, ends(2))).at(-1)?.params.data["event"]).toBe("completed");
});

verifies("v2.fork", async () => {
  const { threadId } = await interrupted("ask");
  const { result } = await command(threadId, "state.listCheckpoints", { limit: 5 });
  const checkpoints = result["checkpoints"] as { id: string; step: number; timestamp: string }[];
  expect(checkpoints.map(({ step }) => step)).toEqual([0, -1]);
  const forked = await start(threadId, "ask", { done: false }, { config: { configurable: { checkpoint_id: checkpoints[1]?.id } } });
  expect(forked.type).toBe("success");
  await events(here.server.url, threadId, { channels: ["lifecycle"] }, ends(2));
  expect((await command(threadId, "state.get", { keys: ["done"] })).result["values"]).toEqual({ done: false });
  expect(await command(threadId, "state.fork", { checkpoint_id: checkpoints[1]?.id })).toMatchObject({ type: "success", result: { thread_id: threadId } });
  expect(await command(threadId, "state.fork", { checkpoint_id: randomUUID() })).toMatchObject({ error: "no_such_checkpoint" });
});

verifies("v2.since", async () => {
  const threadId = randomUUID();
  // before there is a thread
  const early = events(here.server.url, threadId, { channels: ALL }, ends(2));
  await start(threadId, "talk", HELLO);
  await events(here.server.url, threadId, { channels: ["lifecycle"] }, ends(1));
  await start(threadId, "talk", HELLO);
  const all = await early;
  const numbers = all.map((event) => event.seq);
  expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(all.map((event) => event.event_id)).toEqual(numbers.map(String));
  expect(await events(here.server.url, threadId, { channels: ALL }, ends(2))).toEqual(all);
  const since = numbers[5] ?? 0;
  expect(await events(here.server.url, threadId, { channels: ALL, since }, ends(2))).toEqual(all.slice(6));
});

verifies("v2.junk", async () => {
  const { threadId } = await interrupted("ask");
  const junk: unknown[] = [null, 0, -1, 1e308, "", "\u0000", "x".repeat(2_000), [], [[]], {}, { toString: 1 }, [null], true];
  const fields: Record<string, string[]> = {
    "run.start": ["assistant_id", "input", "config", "context", "metadata", "multitaskStrategy"],
    "input.respond": ["namespace", "interrupt_id", "response", "responses", "update", "goto", "config", "metadata"],
    "state.get": ["namespace", "keys"],
    "state.listCheckpoints": ["namespace", "limit", "before"],
    "state.fork": ["checkpoint_id", "input", "config"],
    "agent.getTree": ["run_id"],
    "input.inject": ["namespace", "message"],
    "subscription.subscribe": ["channels"],
    "subscription.unsubscribe": ["subscription_id"],
    constructor: ["x"],
    __proto__x: ["x"],
  };
  const base: Record<string, object> = {
    "run.start": { assistant_id: "ask", input: {}, config: { configurable: { checkpoint_id: randomUUID() } } },
    "state.fork": { checkpoint_id: randomUUID() },
  };
  const statuses = new Set<number>();
  for (const [method, names] of Object.entries(fields)) {
    for (const name of names) {
      for (const value of [...junk, ["nope"], ["nope:1", "nope"], { node: "nope" }, { configurable: { checkpoint_id: 7 } }]) {
        const response = await here.http("POST", `/threads/${threadId}/commands`, { id: 1, method, params: { ...base[method], [name]: value } });
        const text = await response.text();
        expect([method, name, value, response.status < 500 ? "" : text]).toEqual([method, name, value, ""]);
        statuses.add(response.status);
        if (response.status === 200) expect(["success", "error"]).toContain((JSON.parse(text) as Answer).type);
      }
    }
  }
  expect(statuses).toContain(200);
  for (const filter of [
    {},
    { channels: "values" },
    { channels: [1] },
    { channels: [], since: -1 },
    { channels: [], namespaces: ["a"] },
    { channels: [], depth: 0.5 },
    [],
  ])
    expect((await here.http("POST", `/threads/${threadId}/stream/events`, filter)).status).toBe(400);
  for (const envelope of [
    {},
    { id: 1 },
    { id: "1", method: "state.get" },
    { id: -1, method: "state.get" },
    { id: 1, method: 1 },
    { id: 1, method: "state.get", params: [] },
  ])
    expect((await here.http("POST", `/threads/${threadId}/commands`, envelope)).status).toBe(400);
});

verifies("v2.not-mine", async () => {
  const bad = await here.http("POST", "/threads/not-a-uuid/commands", { id: 1, method: "state.get" });
  expect(bad.status).toBe(400);
  const owned = randomUUID();
  await here.database.database.sql`insert into threads (thread_id, owner) values (${owned}, 'somebody else')`;
  for (const method of ["run.start", "state.get", "agent.getTree", "input.respond", "state.listCheckpoints"]) {
    const params = { assistant_id: "talk", input: HELLO, interrupt_id: "x", response: 1 };
    const refused = await here.http("POST", `/threads/${owned}/commands`, { id: 1, method, params });
    expect([method, refused.status]).toEqual([method, 404]);
  }
  expect((await here.http("POST", `/threads/${owned}/stream/events`, { channels: ALL })).status).toBe(404);
  expect(
    (await here.http("POST", `/threads/${randomUUID()}/commands`, { id: 1, method: "run.start", params: { assistant_id: "nobody", input: 1 } })).status,
  ).toBe(404);
  expect((await here.http("POST", `/threads/${owned}/stream/events`, { channels: ALL, other: 1 })).status).toBe(400);

  // somebody waits for a thread that another one then makes
  const later = randomUUID();
  const waiting = fetch(`${here.server.url}/threads/${later}/stream/events`, { method: "POST", body: JSON.stringify({ channels: ALL }) });
  const response = await waiting;
  expect(response.status).toBe(200);
  const { sql } = here.database.database;
  await sql`insert into threads (thread_id, owner) values (${later}, 'somebody else')`;
  await sql`insert into stream_events (run_id, sequence, event, data) values (${later}, 1, '["values"]', '{"secret":true}')`;
  if (process.env["REDIS_URL"] === undefined) expect(await response.text().catch(() => "cut")).not.toContain("secret");
  else await response.body?.cancel();
});

/** A stream handle that closes with its block. */
function closing<T extends { close(): Promise<void> }>(handle: T): { stream: T } & AsyncDisposable {
  return { stream: handle, [Symbol.asyncDispose]: () => handle.close() };
}

interface Connection extends AsyncDisposable {
  /** Everything that came, in order. */
  readonly received: (Answer & Event & { id: number })[];
  send(command: unknown): void;
  until(enough: (received: Connection["received"]) => boolean): Promise<void>;
}

async function connect(threadId: string, headers: Record<string, string> = {}): Promise<Connection> {
  const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${threadId}/stream/events`, { headers });
  const received: Connection["received"] = [];
  let changed = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    received.push(JSON.parse((data as Buffer).toString("utf8")) as Connection["received"][number]);
    changed.resolve();
    changed = Promise.withResolvers();
  });
  await once(socket, "open");
  return {
    received,
    send: (command) => socket.send(typeof command === "string" ? command : JSON.stringify(command)),
    async until(enough) {
      while (!enough(received)) await changed.promise;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

verifies("v2.websocket", async () => {
  await using thread = closing(stream("talk", randomUUID(), "websocket"));
  const messages = thread.stream.messages;
  await thread.stream.run.start({ input: HELLO });
  const texts = [];
  for await (const message of messages) texts.push(await message.text);
  expect(texts).toEqual(["Hello"]);

  const threadId = randomUUID();
  await using socket = await connect(threadId);
  socket.send({ id: 1, method: "subscription.subscribe", params: { channels: ["lifecycle"] } });
  socket.send({ id: 2, method: "run.start", params: { assistant_id: "talk", input: HELLO } });
  await socket.until((received) => received.some(isEndOf));
  socket.send({ id: 3, method: "run.start", params: { assistant_id: "talk", input: HELLO } });
  await socket.until((received) => received.filter(isEndOf).length === 2);
  const kept = socket.received.filter((one) => one.method === "lifecycle").length;
  socket.send({ id: 4, method: "subscription.subscribe", params: { channels: ["values", "lifecycle"], namespaces: [[]], depth: 0, since: 1 } });
  await socket.until((received) => received.filter(isEndOf).length === 4);
  const answer = socket.received.findIndex((one) => one.id === 4);
  const replayed = socket.received.slice(answer + 1);
  expect(socket.received[answer]?.result).toEqual({ subscription_id: expect.any(String), replayed_events: replayed.length });
  expect(kept).toBeGreaterThan(4);
  socket.send({ id: 5, method: "subscription.unsubscribe", params: { subscription_id: socket.received[answer]?.result["subscription_id"] } });
  socket.send({ id: 6, method: "subscription.unsubscribe", params: { subscription_id: "x" } });
  socket.send({ id: 7, method: "subscription.subscribe", params: { channels: ["weather"] } });
  socket.send({ id: 8, method: "state.get", params: {} });
  socket.send("no JSON");
  socket.send({ method: "state.get" });
  await socket.until((received) => received.filter((one) => one.type === "error").length === 4 && received.some((one) => one.id === 8));
  const answers = new Map(socket.received.slice(answer + 1).map((one) => [one.id, one]));
  expect(answers.get(5)).toMatchObject({ type: "success" });
  expect(answers.get(6)).toMatchObject({ error: "no_such_subscription" });
  expect(answers.get(7)).toMatchObject({ error: "invalid_argument" });
  expect(answers.get(8)).toMatchObject({ result: { values: { messages: [{ content: "Hi" }, { content: "Hello" }, { content: "Hello" }] } } });
});

const isEndOf = (one: Connection["received"][number]) => one.type === ("event" as string) && isEnd(one);

verifies("v2.websocket-strangers", async () => {
  const refused = async (threadId: string, headers: Record<string, string>) => {
    const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${threadId}/stream/events`, { headers });
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
    socket.on("error", () => {});
    socket.terminate();
    return response.statusCode;
  };
  expect(await refused(randomUUID(), { origin: "https://evil.example" })).toBe(403);
  expect(await refused(randomUUID(), { origin: "null" })).toBe(403);
  expect(await refused(randomUUID(), { host: "evil.example" })).toBe(403);
  expect(await refused("not-a-uuid", {})).toBe(400);
  const owned = randomUUID();
  await here.database.database.sql`insert into threads (thread_id, owner) values (${owned}, 'somebody else')`;
  expect(await refused(owned, {})).toBe(404);
  await using page = await connect(randomUUID(), { origin: "http://localhost:3000" });
  page.send({ id: 1, method: "state.get" });
  await page.until((received) => received.length > 0);
  // other routes answer a WebSocket's request as a plain one, and other protocols that a client offers are left alone
  expect((await here.http("GET", `/threads/${owned}/stream/events`)).status).toBe(400);
  expect(await upgradeAnswer("/ok", "websocket")).toBe(200);
  expect(await upgradeAnswer("/ok", "h2c")).toBe(200);
});

async function upgradeAnswer(path: string, protocol: string): Promise<number | undefined> {
  const asked = request(`${here.server.url}${path}`, {
    headers: { connection: "Upgrade", upgrade: protocol, "sec-websocket-key": "eA==", "sec-websocket-version": "13" },
  });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

verifies("v2.websocket-reconnect", async () => {
  const threadId = randomUUID();
  let id = "";
  {
    await using socket = await connect(threadId);
    socket.send({ id: 1, method: "subscription.subscribe", params: { channels: ["lifecycle"], namespaces: [[]], depth: 0 } });
    await socket.until((received) => received.length === 1);
    id = String(socket.received[0]?.result["subscription_id"]);
  }
  await start(threadId, "talk", HELLO);
  const all = await events(here.server.url, threadId, { channels: ["lifecycle"], namespaces: [[]], depth: 0 }, ends(1));
  await using socket = await connect(threadId);
  socket.send({ id: 1, method: "subscription.reconnect", params: { run_id: randomUUID(), last_event_id: all[0]?.event_id, subscriptions: [id] } });
  await socket.until((received) => received.some(isEndOf));
  expect(socket.received[0]?.result).toEqual({
    restored: true,
    missed_events: all.length - 1,
    current_namespaces: [
      { namespace: [], status: "completed" },
      { namespace: [expect.stringMatching(/^agent:/)], status: "completed" },
    ],
  });
  expect(socket.received.slice(1)).toEqual(all.slice(1));
  socket.send({ id: 2, method: "subscription.reconnect", params: { subscriptions: ["never given"] } });
  await socket.until((received) => received.at(-1)?.error === "no_such_subscription");
});

verifies("v2.restart", async () => {
  const database = await testDatabase();
  const open = (role: string) => startServer({ databaseUrl: database.url, langgraphJson: GRAPHS, environment: { ROLE: role } });
  const threadId = randomUUID();
  const post = (server: ServerProcess, method: string, params: object) =>
    fetch(`${server.url}/threads/${threadId}/commands`, { method: "POST", body: JSON.stringify({ id: 1, method, params }) }).then(
      (answer) => answer.json() as Promise<Answer>,
    );
  const [before, worker] = await Promise.all([open("server"), open("worker")]);
  await using _before = before;
  await using _worker = worker;
  await post(before, "run.start", { assistant_id: "ask_below", input: {} });
  const first = await events(before.url, threadId, { channels: ALL }, ends(1));
  expect(first.map((event) => event.seq)).toEqual(first.map((_, index) => index + 1));
  await Promise.all([before.stop("SIGKILL"), worker.stop("SIGKILL")]);

  await using after = await open("all");
  expect(await events(after.url, threadId, { channels: ALL }, ends(1))).toEqual(first);
  const asked = first.find((event) => event.method === "input.requested");
  expect(await post(after, "agent.getTree", {})).toMatchObject({
    result: { tree: { status: "interrupted", children: [{ graph_name: "child", status: "interrupted" }] } },
  });
  await post(after, "input.respond", { ...asked?.params, interrupt_id: asked?.params.data["interrupt_id"], response: "after" });
  const all = await events(after.url, threadId, { channels: ALL }, ends(2));
  expect(all.slice(0, first.length)).toEqual(first);
  expect(all.at(-1)).toMatchObject({ seq: all.length, params: { data: { event: "completed" } } });
  expect((await post(after, "state.get", {})).result["values"]).toEqual({ answers: { deep: "after" }, done: true });
});
