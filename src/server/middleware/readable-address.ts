import type { NextFunction, Request, Response } from "express";
import { AppError } from "#errors";

/**
 * NUL is the one character that decodes from an address and that no id, key or namespace in PostgreSQL can hold. And an address with a machine
 * in it (as proxies are sent) is another path to whoever puts our own machine in front of it.
 */
export function readableAddress(request: Request, _response: Response, next: NextFunction): void {
  if (!request.url.startsWith("/")) throw new AppError("invalid_request", "The address must be a path; this server is no proxy.");
  if (request.url.includes("%00")) throw new AppError("invalid_request", "The address contains a NUL character.");
  next();
}
