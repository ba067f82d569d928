import { once } from "node:events";
import { type IncomingMessage, request as sendRequest, type Server } from "node:http";
import { duplexPair, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Headers that belong to one connection, and lengths that middleware may change by changing the body. */
const OF_THE_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "expect",
  "te",
  "trailer",
  "proxy-connection",
  "content-length",
]);
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * `fetch` against an HTTP server of this process that need not listen anywhere. Requests and answers are parsed as on a socket and stream
 * both ways; when either side goes away, the other side sees its connection closed. Where the address points is ignored.
 */
export function inProcessFetch(server: Server): (request: Request, extraHeaders?: Record<string, string>) => Promise<Response> {
  return async function fetchInProcess(request, extraHeaders = {}) {
    request.signal.throwIfAborted();
    const [here, there] = duplexPair();
    // a pair carries data and ends across, but not a destruction
    here.once("close", () => there.destroy());
    there.once("close", () => here.destroy());
    for (const end of [here, there]) end.on("error", () => {});
    server.emit("connection", there);

    const url = new URL(request.url);
    const outgoing = sendRequest({
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...headersOf(request.headers), host: url.host, ...extraHeaders },
      // `duplexPair` is no socket, and HTTP asks for nothing that only a socket has
      createConnection: () => here,
    });
    const abort = () => outgoing.destroy(reasonOf(request.signal));
    request.signal.addEventListener("abort", abort, { once: true });
    outgoing.once("close", () => request.signal.removeEventListener("abort", abort));

    // what breaks after the answer began breaks its body, which the reader sees
    outgoing.on("error", () => {});
    const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
    // without it Node sends the body of a DELETE with no word about where it ends, and nobody reads it
    if (request.body !== null) outgoing.setHeader("transfer-encoding", "chunked");
    if (request.body === null) outgoing.end();
    // a body that breaks destroys the request, which `answered` reports
    else pipeline(Readable.fromWeb(request.body), outgoing).catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
    const [incoming] = await answered;
    return toResponse(incoming, request.method);
  };
}

function headersOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !OF_THE_CONNECTION.has(name)));
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    if (!OF_THE_CONNECTION.has(name)) for (const value of values ?? []) headers.append(name, value);
  }
  const status = incoming.statusCode ?? 500;
  const isEmpty = method === "HEAD" || WITHOUT_BODY.has(status);
  if (isEmpty) incoming.resume();
  return new Response(isEmpty ? null : Readable.toWeb(incoming), { status, statusText: incoming.statusMessage ?? "", headers });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}
