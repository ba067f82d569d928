import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { RouteTable, Upstream } from "./routes.ts";

export type Reached = { kind: "connected"; socket: Socket; upstream: Upstream; done: () => void } | { kind: "refused"; status: 404 | 503; words: string };

function dial(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error("timeout")), 2_000);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}

/**
 * A fresh connection to the release that serves, waiting up to `holdMs` through switches and restarts. Nothing of the request has
 * been sent when it gives up, so a held request is late at worst. One connection a request: a pooled one could be closed by a
 * stopping app just as it is used, which would lose a request that was not ours to repeat.
 */
export async function reach(routes: RouteTable, slug: string, input: { holdMs: number; gone: () => boolean }): Promise<Reached> {
  const deadline = Date.now() + input.holdMs;
  for (;;) {
    const route = routes.resolve(slug);
    if (route.kind === "unknown") return { kind: "refused", status: 404, words: `Nothing called "${slug}" is deployed here.` };
    if (route.kind === "down") return { kind: "refused", status: 503, words: route.words };
    let words = route.kind === "waiting" ? route.words : `"${slug}" does not accept connections right now.`;
    if (route.kind === "ready") {
      const done = route.upstream.begin();
      const socket = await dial(route.upstream.port);
      if (socket) return { kind: "connected", socket, upstream: route.upstream, done };
      done();
    }
    const left = deadline - Date.now();
    if (left <= 0 || input.gone()) return { kind: "refused", status: 503, words };
    await Promise.race([routes.changed(left), sleep(Math.min(50, left))]);
  }
}
