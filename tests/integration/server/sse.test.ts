import { once } from "node:events";
import { connect } from "node:net";
import { Client } from "@langchain/langgraph-sdk";
import { afterEach, expect, test } from "vitest";
import { AppError } from "#errors";
import type { RunStream } from "#ports/services/runs.ts";
import type { Run, StreamFrame, Thread } from "#protocol/wire.ts";
import { serveApp, type HttpApp } from "../../helpers/http-app.ts";

const THREAD = "11111111-1111-4111-8111-111111111111";
const RUN = "22222222-2222-4222-8222-222222222222";

// the server reads nothing of a run but its id
const run = { run_id: RUN, thread_id: THREAD } as Run;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app[Symbol.asyncDispose]();
});

async function serve(...some: Parameters<typeof serveApp>): Promise<HttpApp> {
  const app = await serveApp(...some);
  open.push(app);
  return app;
}

async function* frames(from: number, to: number): AsyncGenerator<StreamFrame> {
  for (let id = from; id <= to; id += 1) yield { id: String(id), event: id === 0 ? "metadata" : "values", data: JSON.stringify({ step: id }) };
}

const post = (url: string, path: string, body: unknown) => fetch(`${url}${path}`, { method: "POST", body: JSON.stringify(body) });

test("a stream carries the run's address, then its frames, and closes without an end event", async () => {
  const { url } = await serve({ runs: { stream: async () => ({ run, stream: frames(0, 1) }) } });
  const response = await post(url, `/threads/${THREAD}/runs/stream`, { assistant_id: "agent" });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("content-location")).toBe(`/threads/${THREAD}/runs/${RUN}`);
  expect(response.headers.get("location")).toBe(`/threads/${THREAD}/runs/${RUN}/stream`);
  expect(await response.text()).toBe('event: metadata\ndata: {"step":0}\nid: 0\n\nevent: values\ndata: {"step":1}\nid: 1\n\n');
});

test("a stream that is cut in the middle is resumed by the SDK where it stopped", async () => {
  const asked: (string | null)[] = [];
  async function* broken(): AsyncGenerator<StreamFrame> {
    yield* frames(0, 2);
    throw new AppError("internal", "the bus dropped a slow reader");
  }
  const { url } = await serve({
    runs: {
      stream: async () => ({ run, stream: broken() }),
      joinStream: async (_caller, _thread, _run, { lastEventId }) => {
        asked.push(lastEventId);
        return frames(3, 5);
      },
    },
  });
  const seen: unknown[] = [];
  for await (const event of new Client({ apiUrl: url }).runs.stream(THREAD, "agent", { input: {} })) seen.push(event.data);
  expect(seen).toEqual([0, 1, 2, 3, 4, 5].map((step) => ({ step })));
  expect(asked).toEqual(["2"]);
});

test("heartbeats keep a silent stream alive and give the SDK no empty event", async () => {
  const beats = Promise.withResolvers<void>();
  async function* silentStream(): AsyncGenerator<StreamFrame> {
    yield* frames(0, 0);
    await beats.promise;
    yield* frames(1, 1);
  }
  const { url } = await serve({ runs: { joinStream: async () => silentStream() } }, { stream: { heartbeatMs: 20 } });
  const response = await fetch(`${url}/threads/${THREAD}/runs/${RUN}/stream`);
  if (response.body === null) throw new Error("no body");
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(": heartbeat\n")) beats.resolve();
  }
  expect(text).toMatch(/id: 0\n\n(?:: heartbeat\n)+event: values\n/);
});

test("a client that leaves aborts the signal of its run", async () => {
  const aborted = Promise.withResolvers<void>();
  async function* endless(signal: AbortSignal): AsyncGenerator<StreamFrame> {
    yield* frames(0, 0);
    await once(signal, "abort");
    aborted.resolve();
  }
  const { url } = await serve({ runs: { stream: async (_caller, _thread, _input, { signal }) => ({ run, stream: endless(signal) }) } });
  const client = new AbortController();
  const response = await fetch(`${url}/threads/${THREAD}/runs/stream`, { method: "POST", body: '{"assistant_id":"agent"}', signal: client.signal });
  await response.body?.getReader().read();
  client.abort();
  await aborted.promise;
});

test("a finished stream does not count as a client that left", async () => {
  let signalOfRun: AbortSignal | undefined;
  const { url } = await serve({
    runs: {
      stream: async (_caller, _thread, _input, { signal }) => {
        signalOfRun = signal;
        return { run, stream: frames(0, 3) };
      },
    },
  });
  const response = await fetch(`${url}/runs/stream`, { method: "POST", body: '{"assistant_id":"agent"}', headers: { connection: "close" } });
  await response.text();
  expect(response.headers.get("content-location")).toBe(`/runs/${RUN}`);
  expect(signalOfRun?.aborted).toBe(false);
});

test("joining what is not there is an error event, as clients of v1 expect", async () => {
  const { url } = await serve({
    // the server asks only whether there is one
    threads: { get: async () => ({ thread_id: THREAD }) as Thread },
    runs: {
      joinStream: async (): Promise<RunStream> => {
        throw new AppError("not_found", "Run not found");
      },
    },
  });
  const events = [];
  for await (const event of new Client({ apiUrl: url }).runs.joinStream(THREAD, RUN)) events.push(event);
  expect(events).toMatchObject([{ event: "error", data: { error: "Error", message: "404: Run not found" } }]);
});

test("a junk Last-Event-ID is refused, a good one is passed on", async () => {
  const asked: (string | null)[] = [];
  const { url } = await serve({
    runs: {
      joinStream: async (_caller, _thread, _run, { lastEventId }) => {
        asked.push(lastEventId);
        return frames(1, 0);
      },
    },
  });
  const join = (id: string) => fetch(`${url}/threads/${THREAD}/runs/${RUN}/stream`, { headers: { "last-event-id": id } });
  expect((await join("$; --")).status).toBe(400);
  for (const id of ["-1", "7"]) await (await join(id)).text();
  expect(asked).toEqual(["-1", "7"]);
});

test("a reader that takes nothing is dropped and its stream released", async () => {
  const released = Promise.withResolvers<void>();
  const big = JSON.stringify("x".repeat(1_000_000));
  async function* flood(): AsyncGenerator<StreamFrame> {
    try {
      for (let id = 0; ; id += 1) yield { id: String(id), event: "values", data: big };
    } finally {
      released.resolve();
    }
  }
  const { url } = await serve({ runs: { joinStream: async () => flood() } }, { stream: { slowReaderMs: 50 } });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write(`GET /threads/${THREAD}/runs/${RUN}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await released.promise;
  socket.destroy();
});

test("closing the server cuts streams of unfinished runs instead of ending them", async () => {
  async function* endless(signal: AbortSignal): AsyncGenerator<StreamFrame> {
    yield* frames(0, 0);
    await once(signal, "abort");
  }
  const app = await serve({ runs: { joinStream: async (_caller, _thread, _run, { signal }) => endless(signal) } });
  const response = await fetch(`${app.url}/threads/${THREAD}/runs/${RUN}/stream`);
  const reader = response.body?.getReader();
  await reader?.read();
  const rest = expect(reader?.read()).rejects.toThrowError();
  await app.server.close({ graceMs: 0 });
  await rest;
});

test("waiting for a run keeps the connection alive with newlines and ends in JSON", async () => {
  const done = Promise.withResolvers<unknown>();
  const { url } = await serve({ runs: { wait: async () => ({ run, values: done.promise }) } });
  const response = await post(url, `/threads/${THREAD}/runs/wait`, { assistant_id: "agent" });
  expect(response.headers.get("content-location")).toBe(`/threads/${THREAD}/runs/${RUN}`);
  if (response.body === null) throw new Error("no body");
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    done.resolve({ messages: [] });
  }
  expect(text).toBe('\n{"messages":[]}');
});

test("a join that fails late tells so where the values would stand", async () => {
  const { url } = await serve({ runs: { wait: async () => ({ run, values: Promise.reject(new Error("connect ECONNREFUSED 10.1.2.3")) }) } });
  const response = await post(url, `/threads/${THREAD}/runs/wait`, { assistant_id: "agent" });
  const body: unknown = await response.json();
  expect(body).toMatchObject({ __error__: { error: "internal" } });
  expect(JSON.stringify(body)).not.toContain("10.1.2.3");
});

test("a join that is refused at once keeps its status", async () => {
  const { url } = await serve({ runs: { join: () => Promise.reject(new AppError("not_found", "Run not found")) } });
  const response = await fetch(`${url}/threads/${THREAD}/runs/${RUN}/join`);
  expect([response.status, await response.text()]).toEqual([404, "Run not found"]);
});
