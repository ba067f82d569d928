/** What no schema would make, sent to a real server over real sockets: each is refused or read, hurts nobody, and tells nothing. */
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { world } from "../../conformance/world.ts";
import { residentMb } from "../../helpers/fuzz/fuzz.ts";

const here = world();
let thread: string;
beforeAll(async () => {
  thread = (await here.client.threads.create()).thread_id;
});

async function stillWorks(): Promise<void> {
  expect((await here.http("GET", "/ok")).status).toBe(200);
  expect((await here.client.threads.get(thread)).thread_id).toBe(thread);
  expect(here.server.output()).not.toMatch(/request failed|outside of any run|nobody waited/);
}

/** The status of the answer to bytes as they are; 0 for a connection that was closed without one. */
async function sendRaw(bytes: string | Buffer, options: { end?: boolean } = {}): Promise<number[]> {
  const socket = connect(Number(new URL(here.server.url).port), "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.on("error", () => {});
  // a reset is an end like any other
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(bytes);
  if (options.end !== false) socket.end();
  await closed;
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${here.server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });

describe("bodies", () => {
  const deep = (levels: number) => `{"metadata":{"a":${"[".repeat(levels)}${"]".repeat(levels)}}}`;
  const cases: [string, string | Buffer, Record<string, string>, number][] = [
    ["100,000 levels", deep(100_000), {}, 400],
    ["100,000 levels that never end", `{"metadata":${'{"a":'.repeat(100_000)}`, {}, 400],
    ["as deep as may be", deep(200), {}, 200],
    ["NUL and lone surrogates", String.raw`{"metadata":{"\u0000":"\ud800\u0000"}}`, {}, 200],
    ["keys of prototypes", '{"metadata":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}},"__proto__":{"thread_id":7}}', {}, 200],
    ["numbers beyond all", '{"metadata":{"n":1e999,"m":-1e999,"i":123456789012345678901234567890,"z":-0}}', {}, 200],
    ["bytes that are no UTF-8", Buffer.concat([Buffer.from('{"metadata":{"a":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('"}}')]), {}, 200],
    ["the same key twice", '{"metadata":{"a":1},"metadata":{"a":2}}', {}, 200],
    ["another type", "a=1&b=2", { "content-type": "application/x-www-form-urlencoded" }, 400],
    ["XML", "<a/>", { "content-type": "text/xml" }, 400],
    ["a charset that nobody knows", "{}", { "content-type": "application/json; charset=klingon" }, 200],
    ["an encoding that nobody knows", "{}", { "content-encoding": "zip" }, 400],
    ["gzip that is none", "{}", { "content-encoding": "gzip" }, 400],
    ["a small body that unpacks to 50 MB", gzipSync(`{"metadata":{"a":"${"x".repeat(50_000_000)}"}}`), { "content-encoding": "gzip" }, 413],
    ["just too much", `{"metadata":{"a":"${"x".repeat(10 * 1024 * 1024)}"}}`, {}, 413],
  ];
  test.each(cases)("%s", async (_what, body, headers, status) => {
    const answer = await post("/threads", body, headers);
    const text = await answer.text();
    expect([answer.status, text.slice(0, 200)]).toEqual([status, expect.any(String)]);
    expect(text).not.toMatch(/node_modules|\n\s+at /);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    await stillWorks();
  });

  test("many big bodies at once leave no memory behind them", async () => {
    const body = `{"metadata":{"a":"${"x".repeat(9_000_000)}"}}`;
    for (let round = 0; round < 3; round += 1) {
      const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await post("/threads/search", body)).status));
      expect(statuses).toEqual(Array.from({ length: 6 }, () => 200));
    }
    expect(residentMb(here.server.pid)).toBeLessThan(1_200);
    await stillWorks();
  });
});

describe("addresses and headers", () => {
  test.each([
    ["a query key many times", () => `/threads/${thread}?include=ttl&include=storage&include=ttl`, 200],
    ["a list where one is meant", () => `/threads/${thread}/history?limit=1&limit=2`, 400],
    ["a key of a prototype", () => `/threads/${thread}/history?__proto__=1&constructor=2&limit=1`, 200],
    ["a number that is none", () => `/threads/${thread}/history?limit=NaN`, 400],
    ["an endless number", () => `/threads/${thread}/history?limit=Infinity`, 400],
    ["an offset beyond the database's numbers", () => `/threads/${thread}/runs?offset=9007199254740991`, 200],
    ["half a character", () => "/threads/%C3", 400],
    ["NUL in the query", () => "/store/items?namespace=a%00b&key=x", 400],
    ["a surrogate by bytes", () => "/store/items?namespace=%ED%A0%80&key=x", 200],
    ["an id of another kind", () => `/runs/${thread}/stream`, 200],
  ])("%s", async (_what, path, status) => {
    const answer = await here.http("GET", path());
    expect([answer.status, (await answer.text()).slice(0, 200)]).toEqual([status, expect.any(String)]);
    await stillWorks();
  });

  test.each(["junk", "-2", "0x10", "1e3", "9".repeat(2_000), "1, 2", "\u00ff"])("Last-Event-ID %j", async (id) => {
    const run = await here.client.runs.create(thread, "steps", { input: {}, multitaskStrategy: "enqueue" });
    const answer = await here.http("GET", `/threads/${thread}/runs/${run.run_id}/stream`, undefined, { "last-event-id": id });
    expect(answer.status).toBe(400);
    await here.client.runs.join(thread, run.run_id);
    await stillWorks();
  });

  test("addresses and headers without end are refused by the parser", async () => {
    const endless = [
      `GET /threads/${"a".repeat(200_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET /ok HTTP/1.1\r\nHost: localhost\r\n${"X-A: b\r\n".repeat(20_000)}\r\n`,
    ];
    // the answer may be lost with what was still on its way
    for (const bytes of endless) expect([[], [431]]).toContainEqual(await sendRaw(bytes));
    await stillWorks();
  });
});

describe("connections", () => {
  test("requests that come all at once are answered in order", async () => {
    const many = "GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100) + "GET /threads/junk HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    expect(await sendRaw(many, { end: false })).toEqual([...Array.from({ length: 100 }, () => 200), 400]);
    await stillWorks();
  });

  test.each([
    ["a chunk whose length is none", "zz\r\n{}\r\n0\r\n\r\n", [400]],
    ["a chunk that is too short", "ffff\r\n{}", [400]],
    ["a chunk of a length beyond all", "fffffffffffffffff\r\n{}\r\n", [400]],
    ["a chunk without its end", "2\r\n{}garbage\r\n0\r\n\r\n", [400]],
  ])("%s", async (_what, chunks, statuses) => {
    expect(await sendRaw(`POST /threads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`)).toEqual(statuses);
    await stillWorks();
  });

  test("a length and chunks together are refused: two readers would read two requests", async () => {
    const smuggled = "0\r\n\r\nGET /threads/x HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const statuses = await sendRaw(`POST /threads/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled}`);
    expect(statuses).toEqual([400]);
    await stillWorks();
  });

  test("clients that close their half, or break off anywhere, leave nothing behind", async () => {
    const whole = `POST /threads/${thread}/runs/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 28\r\nConnection: close\r\n\r\n{"assistant_id":"steps"     }`;
    // closed for writing only: the answer still comes
    expect(await sendRaw(whole)).toEqual([expect.any(Number)]);
    const port = Number(new URL(here.server.url).port);
    for (let cut = 1; cut < whole.length; cut += 13) {
      const socket: Socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.write(whole.slice(0, cut), () => socket.resetAndDestroy());
      await once(socket, "close");
    }
    await stillWorks();
  });

  test("methods that no route takes", async () => {
    for (const method of ["PUT", "OPTIONS", "TRACE", "PROPFIND", "LOCK"]) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const outgoing = request(`${here.server.url}/threads`, { method, agent: false }, (answer) =>
        answer.resume().on("end", () => resolve(answer.statusCode ?? 0)),
      );
      outgoing.on("error", reject).end();
      expect([method, await promise]).toEqual([method, expect.any(Number)]);
      expect(await promise).toBeLessThan(500);
    }
    await stillWorks();
  });
});

describe("WebSockets", () => {
  const open = async () => {
    const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${thread}/stream/events`);
    await once(socket, "open");
    return socket;
  };

  test("what is no command is refused on an open connection; commands go on", async () => {
    const socket = await open();
    const answers: { type: string; id: number | null; error?: string }[] = [];
    socket.on("message", (data: Buffer) => answers.push(JSON.parse(data.toString("utf8")) as (typeof answers)[number]));
    const junk = [
      "",
      "junk",
      "7",
      "null",
      "[]",
      "{}",
      '{"id":"x","method":"state.get"}',
      '{"id":-1,"method":"state.get"}',
      `{"id":1,"method":${"[".repeat(50_000)}`,
      String.raw`{"id":1,"method":"\u0000"}`,
      '{"id":1,"method":"__proto__","params":{"__proto__":{"a":1}}}',
      '{"id":1,"method":"subscription.subscribe","params":{"channels":["values"],"depth":1e99}}',
      '{"id":1,"method":"subscription.reconnect","params":{"subscriptions":["junk"]}}',
      '{"id":1,"method":"subscription.unsubscribe","params":{"subscription_id":7}}',
      '{"id":1,"method":"run.start","params":{"assistant_id":"nobody"}}',
      '{"id":1,"method":"input.respond","params":{"interrupt_id":"x"}}',
      '{"id":1,"method":"state.fork","params":{"checkpoint_id":"x"}}',
      '{"id":1,"method":"state.listCheckpoints","params":{"limit":1e9}}',
    ];
    for (const text of junk) socket.send(text);
    socket.send('{"id":77,"method":"state.get"}');
    await expect.poll(() => answers.some(({ id }) => id === 77)).toBe(true);
    // commands do not wait for each other: what asks the database may answer after the one that came last
    await expect.poll(() => answers.filter(({ type }) => type === "error").length).toBe(junk.length);
    expect(JSON.stringify(answers)).not.toMatch(/node_modules|\\n\s+at |postgres/);
    expect(answers.filter(({ error }) => error === "unknown_error")).toEqual([]);
    socket.close();
    await once(socket, "close");
    await stillWorks();
  });

  test.each([
    ["bytes", (socket: WebSocket) => socket.send(Buffer.from([0, 1, 2, 255]))],
    ["more than a body may be", (socket: WebSocket) => socket.send("x".repeat(11_000_000))],
    ["what is no frame", (socket: WebSocket) => (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))],
    ["nothing more, at once", (socket: WebSocket) => socket.terminate()],
  ])("%s ends at most its own connection", async (_what, act) => {
    const socket = await open();
    socket.on("error", () => {});
    act(socket);
    socket.close();
    if (socket.readyState !== WebSocket.CLOSED) await once(socket, "close");
    await stillWorks();
  });
});
