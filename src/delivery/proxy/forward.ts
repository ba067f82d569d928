import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { sendPage } from "./pages.ts";
import { reach } from "./reach.ts";
import type { RouteTable } from "./routes.ts";

/** Headers that belong to one connection. `transfer-encoding` stays: Node frames the body by it. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"]);
/** What a client says about itself here would be believed by the app. */
const FORWARDED = new Set(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]);
const CHUNKED = new Set(["transfer-encoding"]);
const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS"]);
const REPEATS = 3;

/** Raw header pairs without those of the connection, those it names, and what `drop` lists. */
function passedHeaders(raw: readonly string[], drop?: ReadonlySet<string>): string[] {
  const named = new Set<string>();
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === "connection") for (const word of (raw[at + 1] ?? "").split(",")) named.add(word.trim().toLowerCase());
  }
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (!HOP_BY_HOP.has(name) && !(named.has(name) && name !== "transfer-encoding") && !drop?.has(name)) kept.push(raw[at] ?? "", raw[at + 1] ?? "");
  }
  return kept;
}

/** Headers for the app: the client's, the Host as it was asked for, and who asked. */
export function requestHeaders(request: IncomingMessage): string[] {
  return [
    ...passedHeaders(request.rawHeaders, FORWARDED),
    "x-forwarded-for",
    request.socket.remoteAddress ?? "",
    "x-forwarded-host",
    request.headers.host ?? "",
    "x-forwarded-proto",
    "http",
  ];
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0";
}

/** Sends one request on, streaming both ways. A GET that breaks off before its answer began is asked again. */
export async function forward(
  routes: RouteTable,
  slug: string,
  request: IncomingMessage,
  response: ServerResponse,
  options: { holdMs: number },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const reached = await reach(routes, slug, { holdMs: options.holdMs, gone: () => response.destroyed });
    if (reached.kind === "refused") return sendPage(request, response, reached.status, reached.words);
    const { socket, upstream, done } = reached;
    if (response.destroyed) {
      socket.destroy();
      return done();
    }
    const broke = await new Promise<boolean>((resolve) => {
      const outgoing = httpRequest({
        createConnection: () => socket,
        method: request.method ?? "GET",
        path: request.url ?? "/",
        headers: [...requestHeaders(request), "connection", "close"],
        setHost: false,
      });
      response.once("close", () => {
        outgoing.destroy();
        resolve(false);
      });
      outgoing.on("error", () => resolve(!response.headersSent && !response.destroyed));
      outgoing.on("response", (answer) => {
        upstream.report(answer.statusCode ?? null);
        // HTTP/1.0 knows no chunks: the end of the connection ends the body
        const headers = passedHeaders(answer.rawHeaders, request.httpVersion === "1.0" ? CHUNKED : undefined);
        // a client that keeps its connection would come back to a release that is leaving
        if (upstream.draining()) headers.push("connection", "close");
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
        response.flushHeaders();
        answer.on("error", () => response.destroy());
        answer.on("close", () => {
          if (!answer.complete) response.destroy();
        });
        answer.pipe(response);
      });
      if (hasBody(request)) request.pipe(outgoing);
      else outgoing.end();
    });
    done();
    if (!broke) return;
    upstream.report(null);
    if (attempt >= REPEATS || hasBody(request) || !REPEATABLE.has(request.method ?? "")) {
      return sendPage(request, response, 502, `"${slug}" closed the connection before it answered.`);
    }
  }
}
