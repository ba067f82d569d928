import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";
import type { CorsPolicy } from "../cors-policy.ts";

/** Any page served under this machine's own names, whatever its port. */
const LOCALHOST = "localhost";
export const STUDIO_ORIGIN = "https://smith.langchain.com";

/** Both ends included. */
export interface PortRange {
  first: number;
  last: number;
}

/**
 * Lets pages of the listed origins in and all other pages out. A page can send simple requests (a form, an image) to any address without
 * asking first, so refusing to answer a preflight is not enough: a request that carries a foreign `Origin`, or that a browser marks as
 * cross-site, is refused before anything happens. Requests without these headers come from programs, which need no page to be tricked.
 *
 * Only the built pages of `ui` are for everybody: a page loads them as scripts, which carry no origin.
 *
 * @param servicePorts where delivered services listen: `localhost` does not cover their pages, which a model wrote
 */
export function origins(policy: CorsPolicy, servicePorts: PortRange | null): RequestHandler {
  return function checkOrigin(request: Request, response: Response, next: NextFunction): void {
    const origin = request.get("origin");
    response.vary("Origin");
    if (origin === undefined) {
      if (isHiddenCrossSite(request) && !policy.origins.includes("*") && !isUiAsset(request)) throw refuse("another site");
      return next();
    }
    if (!isOwn(origin, request) && !isAllowed(origin, policy.origins, servicePorts) && !policy.matches(origin)) throw refuse(origin);
    response.set("access-control-allow-origin", origin);
    response.set("access-control-expose-headers", policy.exposed);
    if (policy.credentials) response.set("access-control-allow-credentials", "true");
    if (request.method !== "OPTIONS" || request.get("access-control-request-method") === undefined) return next();
    answerPreflight(request, response, policy);
  };
}

function answerPreflight(request: Request, response: Response, policy: CorsPolicy): void {
  response.set("access-control-allow-methods", policy.methods);
  response.set("access-control-allow-headers", policy.headers ?? request.get("access-control-request-headers") ?? "content-type");
  response.set("access-control-max-age", String(policy.maxAgeSeconds));
  if (request.get("access-control-request-private-network") === "true") response.set("access-control-allow-private-network", "true");
  response.status(204).end();
}

/** A subresource of a foreign page: no `Origin`, but marked by the browser. A person following a link is not one. */
function isHiddenCrossSite(request: Request): boolean {
  return request.get("sec-fetch-site") === "cross-site" && request.get("sec-fetch-mode") !== "navigate";
}

function isUiAsset(request: Request): boolean {
  return request.method === "GET" && /^\/ui\/[^/]+\/[^/]+$/.test(request.path);
}

/** A page that this server itself served; `hosts` has made sure that the name is ours. */
function isOwn(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.headers.host;
}

function isAllowed(origin: string, allowed: readonly string[], servicePorts: PortRange | null): boolean {
  if (allowed.includes("*") || allowed.includes(origin)) return true;
  if (!allowed.includes(LOCALHOST) || !URL.canParse(origin)) return false;
  const { hostname, port } = new URL(origin);
  return isLoopbackName(hostname) && !isOfService(hostname, Number(port), servicePorts);
}

/** `name.localhost` through the proxy, or the service's own port: such a page must not approve the next deployment. */
export function isOfService(hostname: string, port: number, servicePorts: PortRange | null): boolean {
  return hostname.endsWith(".localhost") || (servicePorts !== null && port >= servicePorts.first && port <= servicePorts.last);
}

/** Names that no DNS answer can point elsewhere: browsers resolve `localhost` and `*.localhost` themselves. */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return name === LOCALHOST || name.endsWith(".localhost") || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

function refuse(origin: string): AppError {
  return new AppError("forbidden", `Requests from pages of ${origin} are not allowed. Add the origin to CORS_ORIGINS to allow them.`);
}
