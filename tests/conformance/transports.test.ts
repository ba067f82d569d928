/**
 * Who gets what over every transport, under `AUTH`: streams, waiting requests, WebSockets, protocol v2, MCP and A2A. What a stranger may never
 * hear is what the owner's own call answers, so an empty answer to everybody proves nothing here.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { beforeAll, expect } from "vitest";
import { allRoutes } from "../helpers/routes.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";
import { hear, NOTE, TOOL, TRANSPORTS, V2_METHODS, type Desk, type Heard, type Sending, type TransportRow } from "./transport-rows.ts";
import { verifies } from "./verifies.ts";
import { fixture, until, world } from "./world.ts";

const here = world({
  langgraphJson: fixture("projects/transports/langgraph.json"),
  environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0", N_JOBS_PER_WORKER: "60", LEASE_SECONDS: "30" }),
});

type Credential = Record<string, string>;
/** Ends what hangs: whatever is listened to for so long ends before, or says what is waited for. */
const LONG_MS = 60_000;
/** How long what stays open is listened to for what should not be said there. */
const SHORT_MS = 400;
let ada: Credential;
let bob: Credential;
let reader: Credential;
let assistant: string;
beforeAll(async () => {
  [ada, bob, reader] = await Promise.all([bearer({ sub: "ada" }), bearer({ sub: "bob" }), bearer({ sub: "ada", scopes: ["read"] })]);
  assistant = (await ask<{ assistant_id: string }>("POST", "/assistants", { graph_id: "desk", name: TOOL, description: NOTE })).assistant_id;
});

async function ask<T>(method: string, path: string, body?: unknown, credential = ada): Promise<T> {
  const answer = await here.http(method, path, body, { ...credential, "content-type": "application/json" });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === "" ? null : JSON.parse(text)) as T;
}

/** A thread of ada's, commanded over v2, that waits with a question about her note. */
async function makeDesk(): Promise<Desk> {
  const thread = randomUUID();
  const { result } = await ask<{ result: { run_id: string } }>("POST", `/threads/${thread}/commands`, {
    id: 1,
    method: "run.start",
    params: { assistant_id: "desk", input: { note: NOTE } },
  });
  const { interrupts } = await until(
    () => ask<{ status: string; interrupts: Record<string, { id: string }[]> }>("GET", `/threads/${thread}`),
    ({ status }) => status === "interrupted",
  );
  const state = await ask<{ checkpoint: { checkpoint_id: string } }>("GET", `/threads/${thread}/state`);
  return {
    thread,
    run: result.run_id,
    interrupt: Object.values(interrupts)[0]?.[0]?.id ?? "",
    checkpoint: state.checkpoint.checkpoint_id,
    assistant,
  };
}

/** What nobody else may hear, but for what they said themselves. */
function secretsBesides(sending: Sending, desk: Desk): string[] {
  const said = JSON.stringify(sending);
  return [NOTE, TOOL, ...Object.values(desk)].filter((secret) => !said.includes(secret));
}

/** A refusal has a status, or is an error in the words of a protocol whose status is always 200. */
function isRefusal({ status, text }: Heard): boolean {
  return [401, 403, 404, 409].includes(status) || /"isError":true|"error":\{|"type":"error"|event: error/.test(text);
}

verifies("transports.complete", async () => {
  const routes = new Set(Object.values(TRANSPORTS).map(({ route }) => route));
  const document = await ask<{ paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>> }>("GET", "/openapi.json");
  const streams = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) => Object.values(responses).some(({ content = {} }) => "text/event-stream" in content))
      .map(([method]) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
  expect(streams.length).toBeGreaterThan(5);
  expect(streams.filter((route) => !routes.has(route))).toEqual([]);
  // whatever would take a WebSocket
  const opened: string[] = [];
  for (const route of allRoutes().filter((one) => one.startsWith("GET "))) {
    const path = route.slice(4).replaceAll(/:\w+/g, randomUUID());
    if (await takesSocket(path)) opened.push(route.replace("GET", "WS"));
  }
  expect(opened).toEqual(["WS /threads/:thread_id/stream/events"]);
  const sources = ["runtime/thread-events/thread-commands.ts", "server/thread-connection.ts"].map((path) =>
    readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8"),
  );
  const methods = new Set(sources.flatMap((text) => [...text.matchAll(/"((?:agent|input|run|state|subscription)\.\w+)"/g)].map((match) => match[1])));
  expect([...methods].toSorted()).toEqual(V2_METHODS.toSorted());
});

function takesSocket(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const headers = { ...ada, connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==", "sec-websocket-version": "13" };
  const asked = request(`${here.server.url}${path}`, { headers });
  asked.on("upgrade", (_response, socket) => (socket.destroy(), resolve(true)));
  asked.on("response", (response) => (response.destroy(), resolve(false)));
  asked.on("error", () => resolve(false));
  asked.end();
  return promise;
}

verifies("transports.every-row", async () => {
  const desk = await makeDesk();
  const wrong: unknown[] = [];
  const nobodies: Record<string, Credential> = {
    "no token": {},
    "a bad token": await bearer({ sub: "ada" }, { secret: "another secret that is long enough too" }),
    "an expired token": await bearer({ sub: "ada" }, { expires: -60 }),
    "a key that is made up": { "x-api-key": "slw_made-up" },
  };
  const before = await standing(desk);

  await eachRow(async (name, row) => {
    const sending = row.send(desk);
    const secrets = secretsBesides(sending, desk);
    const judge = (who: string, heard: Heard, good: boolean) => {
      const leaked = secrets.filter((secret) => heard.text.includes(secret));
      if (!good || leaked.length > 0) wrong.push({ name, who, heard, leaked });
    };
    for (const [who, credential] of Object.entries(nobodies)) {
      const heard = await hear(here, sending, credential, { patienceMs: LONG_MS });
      judge(who, heard, heard.status === 401);
    }
    // what everybody may open does not end by itself
    const heard = await hear(here, sending, bob, { patienceMs: row.shared === true && row.opens === true ? SHORT_MS : LONG_MS });
    judge("somebody else", heard, row.shared === true ? heard.status < 300 : isRefusal(heard));
    if (row.changes === true) {
      const changing = await hear(here, sending, reader, { patienceMs: LONG_MS });
      if (!isRefusal(changing) || changing.text.includes(NOTE)) wrong.push({ name, who: "may only read", heard: changing });
    }
  });
  expect(wrong).toEqual([]);
  expect(await standing(desk)).toEqual(before);

  // the owner: what only looks with a credential that may only look, and on one desk; what changes on a desk of its own
  await eachRow(async (name, row) => {
    const own = row.changes === true ? await makeDesk() : desk;
    const telling = row.tells === undefined ? NOTE : row.tells?.(own);
    for (const credential of row.changes === true ? [ada] : [reader, ada]) {
      const heard = await hear(here, row.send(own), credential, {
        patienceMs: LONG_MS,
        ...(telling === undefined ? {} : { enough: (text: string) => text.includes(telling) }),
      });
      const told = telling === undefined ? heard.status < 300 : heard.text.includes(telling);
      if (!told || (telling !== undefined && heard.status >= 300)) wrong.push({ name, who: "the owner", heard });
    }
  });
  expect(wrong).toEqual([]);
});

/** What anybody could have changed on it. */
async function standing({ thread }: Desk): Promise<unknown> {
  const [runs, state, all] = await Promise.all([
    ask<{ run_id: string; status: string }[]>("GET", `/threads/${thread}/runs`),
    ask("GET", `/threads/${thread}/state`),
    ask<number>("POST", "/threads/count", {}),
  ]);
  return { runs: runs.map(({ run_id, status }) => [run_id, status]), state, all };
}

async function eachRow(work: (name: string, row: TransportRow) => Promise<void>): Promise<void> {
  const rows = Object.entries(TRANSPORTS);
  const next = async (): Promise<void> => {
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) await work(...row);
  };
  await Promise.all(Array.from({ length: 8 }, next));
}

verifies("transports.guessed", async () => {
  const wrong: unknown[] = [];
  const guess = (): Desk => ({ thread: randomUUID(), run: randomUUID(), interrupt: randomUUID(), checkpoint: randomUUID(), assistant });

  // bob is there before ada is: he listens, and asks by a connection that was opened when the thread was nobody's
  const desk = guess();
  const open: Promise<void>[] = [];
  const opening = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    open.push(promise);
    return { patienceMs: LONG_MS, onListening: resolve };
  };
  const listening = ["v2 events", "WS subscription.subscribe", "WS subscription.reconnect"].map(async (name) => {
    const heard = await hear(here, sendingOf(name, desk), bob, { ...opening(), enough: () => false });
    if (heard.text.includes(NOTE) || !heard.ended) wrong.push({ name, heard });
  });
  const control = hear(here, sendingOf("v2 events", desk), ada, { ...opening(), enough: (text) => text.includes(NOTE) });
  await Promise.race([Promise.all(open), Promise.all(listening)]);
  await ask("POST", `/threads/${desk.thread}/runs/wait`, { assistant_id: "desk", input: { note: NOTE }, if_not_exists: "create" });
  await ask("POST", `/threads/${desk.thread}/commands`, { id: 1, method: "run.start", params: { assistant_id: "desk", input: { note: NOTE } } });
  await Promise.all(listening);
  expect((await control).text).toContain(NOTE);
  expect(wrong).toEqual([]);

  // bob takes the id first: ada's words do not get onto his thread, nor his onto hers
  await eachRow(async (name, row) => {
    const taken = guess();
    if (row.changes !== true || !JSON.stringify(row.send(taken)).includes(taken.thread)) return;
    await ask("POST", "/threads", { thread_id: taken.thread, metadata: { note: "canary-of-bob" } }, bob);
    const heard = await hear(here, row.send(taken), ada, { patienceMs: LONG_MS });
    if (!isRefusal(heard) || heard.text.includes("canary-of-bob")) wrong.push({ name, heard });
    const runs = await ask<unknown[]>("GET", `/threads/${taken.thread}/runs`, undefined, bob);
    if (runs.length > 0) wrong.push({ name, runs });
  });
  expect(wrong).toEqual([]);
});

function sendingOf(name: string, desk: Desk): Sending {
  const row = TRANSPORTS[name];
  if (row === undefined) throw new Error(`${name} has no row`);
  return row.send(desk);
}

/** Seconds that a token is good for, in which all is opened with it; those of clocks that differ are forgiven on top. */
const GOOD_FOR = 12;
const FORGIVEN = 30;

verifies("transports.expired", async () => {
  const gate = here.gate();
  const input = { ...gate.input, note: NOTE };
  // one run at work, for those who join it, and as a task
  const busy = { thread: randomUUID(), run: "", interrupt: "", checkpoint: "", assistant };
  const { result } = await ask<{ result: { run_id: string } }>("POST", `/threads/${busy.thread}/commands`, {
    id: 1,
    method: "run.start",
    params: { assistant_id: "desk", input },
  });
  busy.run = result.run_id;
  await until(
    () => ask<{ values: { note?: string } }>("GET", `/threads/${busy.thread}/state`),
    ({ values }) => values.note === NOTE,
  );

  const rows = Object.entries(TRANSPORTS).filter(([, { opens, wait }]) => opens === true || wait !== undefined);
  expect(rows.length).toBeGreaterThan(15);
  const passed = `${NOTE}-passed`;
  // the log of events tells of a run and not of its values
  const rest = (name: string) => (name === "events" ? busy.run : passed);
  const hearRow = async ([name, row]: [string, TransportRow], credential: Credential, enough: (text: string) => boolean) => ({
    name,
    heard: await hear(here, row.wait?.(input) ?? row.send(busy), credential, { patienceMs: LONG_MS, enough }),
  });
  const long = rows.map((row) => hearRow(row, ada, (text) => text.includes(rest(row[0]))));
  const short = await bearer({ sub: "ada" }, { expires: GOOD_FOR - FORGIVEN });
  const cut = await Promise.all(rows.map((row) => hearRow(row, short, () => false)));
  await gate.open();
  const wrong: unknown[] = cut.filter(({ heard }) => !heard.ended || heard.status >= 400 || heard.text.includes(passed));
  expect(wrong).toEqual([]);
  // what was open under a token that is still good heard the rest
  for (const { name, heard } of await Promise.all(long)) {
    if (!heard.text.includes(rest(name))) wrong.push({ name, heard });
  }
  expect(wrong).toEqual([]);
  // and before the end they had something to lose
  const told = cut.filter(({ heard }) => heard.text.includes(NOTE)).map(({ name }) => name);
  expect(told).toEqual(expect.arrayContaining(["v1 stream of a thread", "join of a stream", "v2 events", "WS subscription.subscribe", "run and stream"]));
});
