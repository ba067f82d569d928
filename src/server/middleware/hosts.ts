import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";
import { isLoopbackName } from "./origins.ts";

/** A name or an address, with or without a port: what goes into an address in front of the path and cannot change where the path begins. */
const AUTHORITY = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Refuses requests whose `Host` is not a name of this server. A page can make a name of its own resolve to 127.0.0.1 and then counts as
 * same-origin here (DNS rebinding); the `Host` header is what gives it away.
 *
 * @param allowed further names without port; null where the server is behind a real name and authentication
 */
export function hosts(allowed: readonly string[] | null): RequestHandler {
  return function checkHost(request: Request, _response: Response, next: NextFunction): void {
    const host = request.headers.host;
    // only HTTP/1.0 programs leave it out, browsers never do
    if (host === undefined) return next();
    // `x/public?` in front of a path would make every reader of the whole address see another path than the one that is served
    if (!AUTHORITY.test(host)) throw new AppError("invalid_request", "The Host header is no name of a machine.");
    if (allowed === null) return next();
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : "";
    if (isLoopbackName(name) || allowed.includes(name)) return next();
    throw new AppError("forbidden", "This server answers to localhost only; the Host header names another machine.");
  };
}
