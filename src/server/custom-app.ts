/**
 * `http.app` of a langgraph.json: an application of the user in front of everything that is built in.
 *
 * Its routes win, and its middleware wraps our routes: a request that none of its routes takes goes to our routes from inside its
 * middleware, which sees our answer, may change its headers and its body, and streams it on. To our routes such a request comes through
 * HTTP in memory (`in-process-fetch.ts`), because the application speaks `Request` and `Response` and they speak Node's. Who asks was
 * settled before the application saw the request, and cannot be changed by it.
 *
 * When the client goes away, the signal of the application's request aborts and the run's connection closes, as without an application.
 */
import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request as ExpressRequest,
  type RequestHandler,
  type Response as ExpressResponse,
} from "express";
import { AppError } from "#errors";
import { disconnectSignal } from "./disconnect.ts";
import { inProcessFetch } from "./in-process-fetch.ts";

/** Anything that answers requests. */
export interface FetchApp {
  fetch(request: Request, environment?: unknown): Response | Promise<Response>;
}

/** Hono, of whatever version: what none of its routes takes ends in `notFound`, inside its middleware. */
interface HonoLike extends FetchApp {
  notFound(handler: (context: { req: { raw: Request }; env: unknown; text(text: string, status: number): Response }) => Promise<Response> | Response): unknown;
}

/** As with Hono's Node adapter, so that its helpers (`getConnInfo`) find the connection. */
interface Environment {
  incoming: ExpressRequest;
  outgoing: ExpressResponse;
}

const RELAY_HEADER = "x-slipway-relay";

/** What this server says about its own answers and must not say about the pages of an application. */
const OUR_HEADERS = ["content-security-policy", "x-frame-options", "cross-origin-resource-policy", "cache-control", "referrer-policy"];

export interface CustomApp {
  handler(incoming: ExpressRequest, outgoing: ExpressResponse): Promise<void>;
  /** The request that the application got, for one that it passed on to our routes; the same request for any other. */
  original(request: ExpressRequest): ExpressRequest;
}

/**
 * @param app of the user; an application without `notFound` passes a request on by answering 404
 * @param builtIn our routes, with their own error handler
 */
export function customApp(app: FetchApp, builtIn: (original: CustomApp["original"]) => (RequestHandler | ErrorRequestHandler)[]): CustomApp {
  const originals = new WeakMap<ExpressRequest, ExpressRequest>();
  const underway = new Map<string, ExpressRequest>();
  const original = (request: ExpressRequest): ExpressRequest => originals.get(request) ?? request;

  const inner = express();
  inner.disable("x-powered-by").disable("etag").set("query parser", "simple");
  inner.use((request: ExpressRequest, _response: ExpressResponse, next: NextFunction) => {
    const relayed = underway.get(request.get(RELAY_HEADER) ?? "");
    delete request.headers[RELAY_HEADER];
    if (relayed !== undefined) originals.set(request, relayed);
    next();
  });
  inner.use(...builtIn(original));
  const fetchBuiltIn = inProcessFetch(createServer(inner));

  async function passOn(request: Request, from: ExpressRequest): Promise<Response> {
    const ticket = randomUUID();
    underway.set(ticket, from);
    try {
      return await fetchBuiltIn(request, { [RELAY_HEADER]: ticket });
    } finally {
      underway.delete(ticket);
    }
  }

  if (isHono(app)) {
    // an application that is asked by itself, without a request of ours, has nothing to pass on to
    app.notFound((context) => (isEnvironment(context.env) ? passOn(context.req.raw, context.env.incoming) : context.text("404 Not Found", 404)));
  }

  async function ask(request: Request, environment: Environment): Promise<Response> {
    if (isHono(app)) return app.fetch(request, environment);
    const copy = request.clone();
    const response = await app.fetch(request, environment);
    if (response.status !== 404) return response;
    await response.body?.cancel();
    return passOn(copy, environment.incoming);
  }

  return {
    original,
    async handler(incoming, outgoing) {
      const request = toRequest(incoming, disconnectSignal(outgoing), String(outgoing.get("x-request-id") ?? ""));
      const response: unknown = await ask(request, { incoming, outgoing });
      if (!(response instanceof Response)) throw new AppError("internal", "http.app answered with something that is no Response.");
      for (const name of OUR_HEADERS) outgoing.removeHeader(name);
      await send(response, outgoing);
    },
  };
}

function toRequest(incoming: ExpressRequest, signal: AbortSignal, requestId: string): Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) for (const value of values ?? []) headers.append(name, value);
  headers.set("x-request-id", requestId);
  const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD";
  const address = `http://${incoming.headers.host ?? "localhost"}${incoming.url}`;
  if (!URL.canParse(address)) throw new AppError("invalid_request", "The address cannot be read.");
  if (["TRACE", "TRACK", "CONNECT"].includes(incoming.method)) throw new AppError("invalid_request", `${incoming.method} is not served here.`);
  return new Request(address, { method: incoming.method, headers, signal, ...(hasBody ? { body: Readable.toWeb(incoming), duplex: "half" } : {}) });
}

/** Writes the answer as it comes. A body that breaks cuts the connection, so that nobody takes a torn stream for a finished one. */
async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status;
  if (response.statusText !== "") outgoing.statusMessage = response.statusText;
  for (const [name, value] of response.headers) if (name !== "set-cookie") outgoing.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
  if (response.body === null) return void outgoing.end();
  outgoing.flushHeaders();
  // its failure is the client's absence or a broken body; in both cases the connection is gone and there is nobody to tell
  await pipeline(Readable.fromWeb(response.body), outgoing).catch(() => outgoing.destroy());
}

function isHono(app: FetchApp): app is HonoLike {
  return "notFound" in app && typeof app.notFound === "function";
}

function isEnvironment(value: unknown): value is Environment {
  return typeof value === "object" && value !== null && "incoming" in value && "outgoing" in value;
}
