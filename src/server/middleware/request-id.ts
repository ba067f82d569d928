import { randomUUID } from "node:crypto";
import type { NextFunction, Request, Response } from "express";

const ACCEPTABLE = /^[\w.:-]{1,128}$/;

/** Gives every answer an `x-request-id`, the caller's own where it is harmless; the log carries the same id. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get("x-request-id");
  response.set("x-request-id", given !== undefined && ACCEPTABLE.test(given) ? given : randomUUID());
  next();
}
