/**
 * The built-in reverse proxy: routes by Host `<slug>.localhost` (any port), streams both ways, passes upgrades on, holds requests while
 * an app is switched or restarted, and says in plain words when nothing serves.
 */
import { createServer, type Server } from "node:http";
import { forward } from "./forward.ts";
import { sendPage } from "./pages.ts";
import { slugOfHost, type RouteTable } from "./routes.ts";
import { forwardUpgrade } from "./upgrade.ts";

export interface ProxyOptions {
  routes: RouteTable;
  /** How long a request may wait for an app that is being switched, restarted or rolled back. */
  holdMs: number;
}

/** A server that is not listening yet. */
export function createProxy(options: ProxyOptions): Server {
  const { routes, holdMs } = options;
  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0, noDelay: true }, (request, response) => {
    const slug = slugOfHost(request.headers.host);
    if (slug === null)
      return sendPage(
        request,
        response,
        404,
        "Slipway's proxy serves <name>.localhost. Ask for a deployed service by its name, or send its name in the Host header.",
      );
    void forward(routes, slug, request, response, { holdMs }).catch(() => sendPage(request, response, 502, "The request could not be passed on."));
  });
  server.on("upgrade", (request, socket, head) => {
    const slug = slugOfHost(request.headers.host);
    if (slug === null) return void socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    void forwardUpgrade(routes, slug, request, socket, head, { holdMs }).catch(() => socket.destroy());
  });
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  });
  return server;
}

/** Listens on 127.0.0.1, and on ::1 where there is one (browsers try either for *.localhost). Rejects with the system's error. */
export async function listenLoopback(make: () => Server, port: number): Promise<{ port: number; servers: Server[] }> {
  const first = make();
  await listen(first, port, "127.0.0.1");
  const address = first.address();
  const actual = typeof address === "object" && address ? address.port : port;
  const second = make();
  try {
    await listen(second, actual, "::1");
    return { port: actual, servers: [first, second] };
  } catch {
    return { port: actual, servers: [first] };
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
