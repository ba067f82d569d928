import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { AppError } from "#errors";
import { serveApp } from "../../helpers/http-app.ts";

const identify = async (request: { headers: Record<string, unknown> }) => {
  const owner = request.headers["authorization"];
  if (typeof owner !== "string") throw new AppError("unauthorized", "Unauthorized");
  return { owner };
};

/** What `fetch` would not send. Answers status line and body. */
async function send(port: number, lines: readonly string[], body = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  const answer = await text(socket);
  return `${answer.slice(0, answer.indexOf("\r\n"))} ${answer.slice(answer.indexOf("\r\n\r\n") + 4)}`;
}

test.each([
  ["a Host with a path", "GET /ok HTTP/1.1", "localhost/secret?"],
  ["a Host with a name in front", "GET /ok HTTP/1.1", "user@localhost"],
  ["an empty Host", "GET /ok HTTP/1.1", ""],
  ["a machine in the address", "GET http://localhost/ok HTTP/1.1", "localhost"],
])("%s does not lead past authentication to another path of an application", async (_name, line, host) => {
  const seen: string[] = [];
  const custom = new Hono().all("*", (context) => {
    seen.push(context.req.url);
    return context.text("seen");
  });
  for (const allowedHosts of [[], null]) {
    await using app = await serveApp({}, { customApp: custom, identify: identify as never, allowedHosts });
    expect(await send(app.server.port, [line, `Host: ${host}`, "Connection: close"])).toMatch(/^HTTP\/1\.1 40[03] /);
  }
  expect(seen).toEqual([]);
});

test("a request that offers a WebSocket beside its body keeps its body", async () => {
  const bodies: unknown[] = [];
  const threads = {
    search: async (_caller: unknown, asked: unknown) => {
      bodies.push(asked);
      return { items: [], total: 0 };
    },
  } as never;
  await using app = await serveApp({ threads });
  const upgrade = ["Host: localhost", "Connection: Upgrade, close", "Upgrade: websocket"];
  await send(app.server.port, ["POST /threads/search HTTP/1.1", ...upgrade, "Content-Length: 11"], '{"limit":7}');
  expect(bodies).toEqual([expect.objectContaining({ limit: 7 })]);
});
