import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { AppError } from "#errors";
import type { ThreadProtocolService } from "#ports/services/thread-protocol.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import { serveApp } from "../../helpers/http-app.ts";

const THREAD = "11111111-1111-4111-8111-111111111111";

interface Source {
  service: ThreadProtocolService;
  taken: number;
  /** Streams that were given up. */
  left: number;
}

/** A thread that streams endlessly, or waits for ever when `bytes` is 0. */
function endless(bytes: number): Source {
  const source: Source = {
    taken: 0,
    left: 0,
    service: { command: async (_caller, threadId, { id, method }) => answer(threadId, id, method), events, kept: async () => (async function* nothing() {})() },
  };
  async function events(
    _caller: unknown,
    _threadId: string,
    wanted: { filters: readonly unknown[] },
    signal: AbortSignal,
  ): Promise<AsyncIterable<StreamFrame>> {
    if (wanted.filters.length === 0) return (async function* none() {})();
    return (async function* stream() {
      try {
        const aborted = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => aborted.resolve(), { once: true });
        if (bytes === 0) await aborted.promise;
        while (!signal.aborted) {
          source.taken += 1;
          yield { id: String(source.taken), event: "values", data: JSON.stringify({ type: "event", seq: source.taken, text: "x".repeat(bytes) }) };
        }
      } finally {
        source.left += 1;
      }
    })();
  }
  return source;
}

function answer(threadId: string, id: number, method: string) {
  if (method === "fail") throw new Error("postgres://user:secret@host/db");
  if (method === "forbid") throw new AppError("forbidden", "Not yours.");
  return { type: "success" as const, id, result: {}, meta: { thread_id: threadId, applied_through_seq: 0 } };
}

const HEARTBEAT_MS = 10_000;
const address = (url: string) => `${url.replace("http", "ws")}/threads/${THREAD}/stream/events`;
const subscribe = JSON.stringify({ id: 1, method: "subscription.subscribe", params: { channels: ["values"] } });

async function until(good: () => boolean): Promise<void> {
  while (!good()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("a reader that takes nothing is dropped, and little is read for it meanwhile", async () => {
  const source = endless(100_000);
  await using app = await serveApp({ threadProtocol: source.service }, { stream: { slowReaderMs: 300 } });
  const socket = new WebSocket(address(app.url));
  await once(socket, "open");
  socket.send(subscribe);
  await once(socket, "message");
  socket.pause();
  await until(() => source.left === 1);
  const taken = source.taken;
  socket.resume();
  const [code] = (await once(socket, "close")) as [number];
  expect([1006, 1013]).toContain(code);
  // what the system's buffers hold and no more
  expect(taken * 100_000).toBeLessThan(64 * 1024 * 1024);
});

/** Time for heartbeats passes by `beat` only: a machine that stops for a moment looks like a peer that does not answer. */
function heartbeats(): { beat: () => void } & Disposable {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  return { beat: () => void vi.advanceTimersByTime(HEARTBEAT_MS), [Symbol.dispose]: () => void vi.useRealTimers() };
}

test("a connection is pinged, and dropped when nobody answers", async () => {
  using hearts = heartbeats();
  const source = endless(0);
  await using app = await serveApp({ threadProtocol: source.service }, { stream: { heartbeatMs: HEARTBEAT_MS } });
  const lively = new WebSocket(address(app.url));
  const deaf = new WebSocket(address(app.url), { autoPong: false });
  await Promise.all([once(lively, "open"), once(deaf, "open")]);
  lively.send(subscribe);
  await once(lively, "message");
  let pings = 0;
  lively.on("ping", () => (pings += 1));
  const dropped = once(deaf, "close");
  for (let beats = 1; beats <= 4; beats += 1) {
    hearts.beat();
    await until(() => pings === beats);
    // nothing but its pong says that it lives; the answer to our ping comes behind it
    lively.ping();
    await once(lively, "pong");
  }
  await dropped;
  expect(lively.readyState).toBe(WebSocket.OPEN);
  lively.close();
  await until(() => source.left === 1);
});

/** A peer that nothing of ours holds up: counts the pings that it has answered, and says when it is connected. */
const PEER = `
const { parentPort, workerData } = require("node:worker_threads");
const { WebSocket } = require("ws");
const answered = new Int32Array(workerData.memory);
const socket = new WebSocket(workerData.url);
socket.on("error", () => {});
socket.on("open", () => parentPort.postMessage("open"));
socket.on("ping", () => { Atomics.add(answered, 0, 1); Atomics.notify(answered, 0); });
socket.on("close", (code) => parentPort.postMessage(code));
`;

test("a connection outlives a stop of this process that is as long as two heartbeats: the answer came meanwhile", async () => {
  using hearts = heartbeats();
  await using app = await serveApp({ threadProtocol: endless(0).service }, { stream: { heartbeatMs: HEARTBEAT_MS } });
  const memory = new SharedArrayBuffer(4);
  const answered = new Int32Array(memory);
  const peer = new Worker(PEER, { eval: true, execArgv: [], workerData: { memory, url: address(app.url) } });
  try {
    await once(peer, "message");
    const closed = vi.fn<(code: unknown) => void>();
    peer.on("message", closed);
    for (let pings = 1; pings <= 3; pings += 2) {
      hearts.beat();
      const beaten = Promise.withResolvers<void>();
      setImmediate(() => {
        // due when this is over, as the next heartbeat after a stop is: nothing is read from the network before it
        setTimeout(() => beaten.resolve(hearts.beat()));
        Atomics.wait(answered, 0, pings - 1);
        Atomics.wait(answered, 0, pings, 5);
      });
      await beaten.promise;
      await until(() => closed.mock.calls.length > 0 || (answered[0] ?? 0) > pings);
      expect(closed.mock.calls).toEqual([]);
    }
  } finally {
    await peer.terminate();
  }
});

test("a server that closes cuts its connections", async () => {
  const source = endless(0);
  const app = await serveApp({ threadProtocol: source.service });
  const socket = new WebSocket(address(app.url));
  await once(socket, "open");
  socket.send(subscribe);
  await once(socket, "message");
  const closed = once(socket, "close");
  await app.server.close({ graceMs: 50 });
  expect((await closed)[0]).toBe(1006);
  await until(() => source.left === 1);
});

test("what a command fails with is said without what is nobody's business", async () => {
  await using app = await serveApp({ threadProtocol: endless(0).service });
  const socket = new WebSocket(address(app.url));
  await once(socket, "open");
  const answers: Record<string, unknown>[] = [];
  socket.on("message", (data) => answers.push(JSON.parse((data as Buffer).toString()) as Record<string, unknown>));
  for (const [id, method] of ["fail", "forbid", "ok"].entries()) socket.send(JSON.stringify({ id, method }));
  socket.send(Buffer.from(JSON.stringify({ id: 9, method: "ok" })));
  socket.send('{"id": -1, "method": "ok"}');
  await until(() => answers.length === 5);
  const byId = Object.fromEntries(answers.map((one) => [String(one["id"]), one]));
  expect(byId["0"]).toMatchObject({ type: "error", error: "unknown_error" });
  expect(JSON.stringify(answers)).not.toContain("secret");
  expect(byId["1"]).toMatchObject({ type: "error", error: "permission_denied", message: "Not yours." });
  expect(byId["2"]).toMatchObject({ type: "success" });
  expect(byId["9"]).toMatchObject({ type: "success" });
  expect(byId["null"]).toMatchObject({ type: "error", error: "invalid_argument" });
  socket.terminate();
});

test("commands over a connection count against the limit, reading does not", async () => {
  let left = 2;
  const limiter = {
    limit: { perMinute: 60, burst: 2 },
    take: async () => ({ allowed: (left -= 1) >= 0, remaining: Math.max(0, left), retryAfterMs: 1_000, resetMs: 2_000 }),
  };
  let open = 0;
  const opened = () => {
    open += 1;
    return () => {
      open -= 1;
    };
  };
  await using app = await serveApp({ threadProtocol: endless(0).service }, { rateLimiter: limiter, stream: { opened } });
  const socket = new WebSocket(address(app.url));
  await once(socket, "open");
  const answers: Record<string, unknown>[] = [];
  socket.on("message", (data) => answers.push(JSON.parse((data as Buffer).toString()) as Record<string, unknown>));
  for (const [id, method] of ["run.start", "state.get", "run.start", "agent.getTree", "run.start"].entries()) socket.send(JSON.stringify({ id, method }));
  await until(() => answers.length === 5);
  expect(answers.filter(({ type }) => type === "error")).toEqual([
    { type: "error", id: 4, error: "unknown_error", message: expect.stringContaining("Too many requests") },
  ]);
  expect(open).toBe(1);
  socket.close();
  await until(() => open === 0);
});

test("a client that commands and reads nothing is not served faster than it reads", async () => {
  const source = endless(0);
  let begun = 0;
  const release = Promise.withResolvers<void>();
  const slow: ThreadProtocolService = {
    ...source.service,
    async command(_caller, threadId, { id, method }) {
      begun += 1;
      await release.promise;
      return answer(threadId, id, method);
    },
  };
  using hearts = heartbeats();
  await using app = await serveApp({ threadProtocol: slow }, { stream: { heartbeatMs: HEARTBEAT_MS } });
  const socket = new WebSocket(address(app.url));
  await once(socket, "open");
  let answered = 0;
  socket.on("message", () => (answered += 1));
  // how much of it leaves before the server listens again is the operating system's affair
  for (let id = 0; id < 5_000; id += 1) socket.send(JSON.stringify({ id, method: "ok" }));
  await until(() => begun > 0);
  let pings = 0;
  socket.on("ping", () => (pings += 1));
  // it is not taken for dead while it is not listened to
  for (let beats = 1; beats <= 3; beats += 1) {
    hearts.beat();
    await until(() => pings === beats);
  }
  expect(begun).toBeLessThan(100);
  release.resolve();
  await until(() => answered === 5_000);
  socket.close();
});

test("coming back opens no more subscriptions than one connection may have", async () => {
  await using app = await serveApp({ threadProtocol: endless(0).service });
  const socket = new WebSocket(address(app.url));
  await once(socket, "open");
  socket.send(subscribe);
  const [first] = (await once(socket, "message")) as [Buffer];
  const { result } = JSON.parse(first.toString()) as { result: { subscription_id: string } };
  const [, filter] = JSON.parse(Buffer.from(result.subscription_id, "base64url").toString()) as [string, object];
  const subscriptions = Array.from({ length: 150 }, (_, index) => Buffer.from(JSON.stringify([String(index), filter])).toString("base64url"));
  socket.send(JSON.stringify({ id: 2, method: "subscription.reconnect", params: { subscriptions } }));
  const [second] = (await once(socket, "message")) as [Buffer];
  expect(JSON.parse(second.toString())).toMatchObject({ type: "error", id: 2, error: "invalid_argument" });
  socket.close();
});

test("a credential among the protocols is the header Authorization for whoever looks, and no protocol any more", async () => {
  const seen: unknown[] = [];
  const identify = async ({ headers, headersDistinct }: IncomingMessage) => {
    seen.push([headers.authorization, headersDistinct["authorization"], headers["sec-websocket-protocol"], headersDistinct["sec-websocket-protocol"]]);
    return { owner: "ada" };
  };
  await using app = await serveApp({ threadProtocol: endless(0).service }, { identify });
  const offer = async (protocols: string[], headers: Record<string, string> = {}) => {
    seen.length = 0;
    const socket = new WebSocket(address(app.url), protocols, { headers });
    socket.on("error", () => {});
    const status = await Promise.race([
      once(socket, "open").then(() => 101),
      once(socket, "unexpected-response").then(([, response]) => (response as IncomingMessage).statusCode),
    ]);
    const { protocol } = socket;
    socket.terminate();
    return [status, protocol, ...seen];
  };
  const token = "a.b/c=d";
  const credential = `slipway.bearer.${encodeURIComponent(token)}`;
  const told = [`Bearer ${token}`, [`Bearer ${token}`], "slipway", ["slipway"]];
  expect(await offer(["slipway", credential])).toEqual([101, "slipway", told]);
  expect(await offer([credential, "slipway"])).toEqual([101, "slipway", told]);
  expect(await offer(["other"])).toEqual([101, "other", [undefined, undefined, "other", ["other"]]]);
  // two of them, or one that no header could hold
  expect(await offer(["slipway", credential, "slipway.bearer.x"])).toEqual([401, ""]);
  expect(await offer(["slipway", credential], { authorization: "Bearer x" })).toEqual([401, ""]);
  for (const spoilt of ["slipway.bearer.", "slipway.bearer.%0D%0Ax", "slipway.bearer.%E0%A4%A", "slipway.bearer.a%20b"])
    expect(await offer(["slipway", spoilt])).toEqual([401, ""]);
  // a plain request offers no protocols
  seen.length = 0;
  await fetch(`${app.url}/threads/${THREAD}`, { headers: { "sec-websocket-protocol": credential } }).catch(() => null);
  expect(seen.flat()).not.toContain(`Bearer ${token}`);
});
