import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "#errors";
import type { Assistant, Run, StreamFrame } from "#protocol/wire.ts";
import { type HttpApp, serveApp } from "../../helpers/http-app.ts";

const AGENT = "33333333-3333-4333-8333-333333333333";
// the server reads no more of them
const assistant = { assistant_id: AGENT, graph_id: "agent", name: "agent", version: 1, description: null } as Assistant;
const run = { run_id: "22222222-2222-4222-8222-222222222222", thread_id: "11111111-1111-4111-8111-111111111111" } as Run;

let app: HttpApp | undefined;
afterEach(() => app?.[Symbol.asyncDispose]());

async function agentWith(frames: () => AsyncGenerator<StreamFrame>, stream: { heartbeatMs?: number; slowReaderMs?: number }): Promise<string> {
  app = await serveApp(
    { assistants: { get: async () => assistant }, runs: { stream: async () => ({ run, stream: frames() }), get: () => Promise.reject(gone()) } },
    { stream },
  );
  return `${app.url}/a2a/${AGENT}`;
}

const gone = () => new AppError("not_found", "Run not found");
const step = (id: number, node: string): StreamFrame => ({ id: String(id), event: "updates", data: JSON.stringify({ [node]: 1 }) });

/** The same request in both versions of the protocol. */
const REQUESTS = {
  "1.0": { method: "SendStreamingMessage", params: { message: { messageId: randomUUID(), role: "ROLE_USER", parts: [{ data: { n: 1 } }] } } },
  "0.3": {
    method: "message/stream",
    params: { message: { kind: "message", messageId: randomUUID(), role: "user", parts: [{ kind: "data", data: { n: 1 } }] } },
  },
} as const;

describe.each(["1.0", "0.3"] as const)("a stream of A2A %s", (version) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...REQUESTS[version] });

  test("is kept alive while its agent says nothing", async () => {
    const beats = Promise.withResolvers<void>();
    const url = await agentWith(
      async function* () {
        yield step(0, "first");
        await beats.promise;
        yield step(1, "second");
      },
      { heartbeatMs: 20 },
    );
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json", "a2a-version": version }, body });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    if (response.body === null) throw new Error("no body");
    let text = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes(": heartbeat\n")) beats.resolve();
    }
    expect(text).toMatch(/"first".*\n\n(?:: heartbeat\n)+data: .*"second"/s);
    expect(text.trimEnd().split("\n").at(-1), "what fails in the middle is told in the protocol's words").toContain('"error"');
  });

  test("waits for its reader, and drops one that takes nothing", async () => {
    const released = Promise.withResolvers<void>();
    let made = 0;
    const url = await agentWith(
      async function* () {
        try {
          // bounded, so that a server that keeps all of it fails this test instead of the machine
          for (; made < 300; made += 1) yield step(made, "x".repeat(1_000_000));
        } finally {
          released.resolve();
        }
      },
      { slowReaderMs: 100 },
    );
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(
      `POST /a2a/${AGENT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nA2A-Version: ${version}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await released.promise;
    socket.destroy();
    // what the sockets' own buffers take
    expect(made).toBeLessThan(30);
  });
});
