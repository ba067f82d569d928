import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";

/**
 * Serves everything under a prefix (`http.mount_prefix`), and nothing but the probe outside of it. Addresses in answers stay without the
 * prefix: clients put them behind their own base address.
 */
export function mountPrefix(prefix: string | undefined): RequestHandler {
  return function stripPrefix(request: Request, _response: Response, next: NextFunction): void {
    if (prefix === undefined || request.path === "/ok") return next();
    if (request.path !== prefix && !request.path.startsWith(`${prefix}/`)) {
      throw new AppError("not_found", `There is no ${request.method} ${request.path} here; everything is under ${prefix}.`);
    }
    const rest = request.url.slice(prefix.length);
    request.url = rest.startsWith("/") ? rest : `/${rest}`;
    next();
  };
}
