import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { requestHeaders } from "./forward.ts";
import { reach } from "./reach.ts";
import type { RouteTable } from "./routes.ts";

/** Hands a connection that asks for another protocol (WebSocket) to the app, byte for byte. Cut when its release drains. */
export async function forwardUpgrade(
  routes: RouteTable,
  slug: string,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  options: { holdMs: number },
): Promise<void> {
  client.on("error", () => client.destroy());
  const reached = await reach(routes, slug, { holdMs: options.holdMs, gone: () => client.destroyed });
  if (reached.kind === "refused") {
    client.end(`HTTP/1.1 ${reached.status} Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n${reached.words}\n`);
    return;
  }
  const { socket, upstream, done } = reached;
  const headers = [...requestHeaders(request), "connection", "Upgrade", "upgrade", request.headers.upgrade ?? ""];
  let text = `${request.method ?? "GET"} ${request.url ?? "/"} HTTP/1.1\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  const forget = upstream.hold(() => {
    client.destroy();
    socket.destroy();
  });
  const end = () => {
    client.destroy();
    socket.destroy();
    forget();
    done();
  };
  let ended = false;
  const once = () => {
    if (ended) return;
    ended = true;
    end();
  };
  socket.on("error", once);
  socket.on("close", once);
  client.on("close", once);
  if (client.destroyed) return once();
  socket.write(`${text}\r\n`, "latin1");
  if (head.length > 0) socket.write(head);
  client.pipe(socket);
  socket.pipe(client);
}
