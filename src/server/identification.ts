import type { IncomingMessage } from "node:http";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";
import type { Identify, ProjectAuth } from "#ports/authentication.ts";
import type { Scope } from "#ports/identity.ts";
import type { Caller } from "#ports/caller.ts";
import { isLoopbackAddress } from "#protocol/loopback-address.ts";
import { neededScope } from "./needed-scope.ts";
import type { OpenRequests } from "./open-requests.ts";
import { streamPlaces } from "./stream-places.ts";
import { isLoopbackName, isOfService, type PortRange, STUDIO_ORIGIN } from "./middleware/origins.ts";

/** Asked by machines that watch the server, and by clients before they have an identity; they tell nothing of anybody. */
const OPEN = new Set(["/ok", "/info", "/openapi.json", "/docs"]);

/** Built files of UI components and of the docs are loaded by `<script>`, which sends no credentials. */
function isOpen(request: Request): boolean {
  // a path with dots in it means another one to whoever resolves them
  if (!URL.canParse(request.url, "http://localhost") || new URL(request.url, "http://localhost").pathname !== request.path) return false;
  return ["GET", "HEAD"].includes(request.method) && (OPEN.has(request.path) || /^\/(?:ui|docs)\//.test(request.path));
}

export interface Identification {
  /** Settles who asks, or refuses. Nothing of the body has been read yet. */
  readonly middleware: RequestHandler;
  /** @throws AppError `unauthorized` for a request that did not come through the middleware */
  caller(request: Request): Caller;
}

/** Who asks is settled once a request, in front of everything that could need to know; whoever needs it asks here. */
export function identification(identify: Identify, open: OpenRequests | null = null): Identification {
  const callers = new WeakMap<Request, Caller>();
  const places = streamPlaces();
  return {
    async middleware(request: Request, response: Response, next: NextFunction) {
      if (isOpen(request)) return next();
      const caller = await identify(request);
      // also for who is told no in a moment: whom it was told stands in the log
      callers.set(request, caller);
      requireScope(caller, neededScope(request));
      places.take(request, response, caller);
      open?.watch(request, response, caller);
      next();
    },
    caller(request) {
      const caller = callers.get(request);
      if (caller === undefined) throw new AppError("unauthorized", "Unauthorized");
      const { expiresAt = null } = caller.credential ?? {};
      if (expiresAt !== null && expiresAt.getTime() <= Date.now()) throw new AppError("unauthorized", "The credential has expired.");
      return caller;
    },
  };
}

function requireScope({ rights }: Caller, scope: Scope): void {
  if (rights === undefined || rights.scopes.includes(scope)) return;
  const has = rights.scopes.length === 0 ? "none" : rights.scopes.join(", ");
  throw new AppError("forbidden", `This takes the scope "${scope}". The credential has: ${has}.`, { details: { scope } });
}

/**
 * Who asks according to the project's own auth.
 *
 * @param servicePorts where delivered services listen: their pages, which a model wrote, are not Studio
 */
export function identifyBy(auth: ProjectAuth, servicePorts: PortRange): Identify {
  return async (request) => {
    if (auth.studio !== null && claimsStudio(request)) {
      if (!isPageOfThisMachine(request, servicePorts))
        throw new AppError("unauthorized", "x-auth-scheme: langsmith is accepted only from a page of Studio or localhost that calls this machine directly.");
      return auth.studio;
    }
    return auth.authenticate(toFetchRequest(request));
  };
}

/** How Studio says that it brings no credentials. The reference server believes whoever says so. */
function claimsStudio(request: IncomingMessage): boolean {
  return request.headers["x-auth-scheme"] === "langsmith";
}

const RELAYED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/** The claim needs no proof, so only the person at this machine may make it: no other host, and nothing that came through a proxy. */
function isPageOfThisMachine(request: IncomingMessage, servicePorts: PortRange): boolean {
  const { origin, host = "" } = request.headers;
  if (!isLoopbackAddress(request.socket.remoteAddress) || RELAYED.some((name) => request.headers[name] !== undefined)) return false;
  if (!URL.canParse(`http://${host}`) || !isLoopbackName(new URL(`http://${host}`).hostname)) return false;
  if (origin === STUDIO_ORIGIN) return true;
  if (origin === undefined || !URL.canParse(origin)) return false;
  const { hostname, port } = new URL(origin);
  return isLoopbackName(hostname) && !isOfService(hostname, Number(port), servicePorts);
}

/** The request without its body: an anonymous caller's megabytes are not read to find out that they are anonymous. */
function toFetchRequest(request: IncomingMessage): globalThis.Request {
  const address = `http://${request.headers.host ?? "localhost"}${"originalUrl" in request ? String(request.originalUrl) : request.url}`;
  if (!URL.canParse(address)) throw new AppError("invalid_request", "The address cannot be read.");
  const method = request.method ?? "GET";
  if (["TRACE", "TRACK", "CONNECT"].includes(method)) throw new AppError("invalid_request", `${method} is not served here.`);
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) for (const value of values ?? []) headers.append(name, value);
  return new globalThis.Request(address, { method, headers });
}
