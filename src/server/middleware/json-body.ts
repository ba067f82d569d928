import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import { AppError } from "#errors";
import { readJson } from "../read-json.ts";

/**
 * Reads the body of every request as JSON whatever its content type says: `fetch` with a string sends `text/plain`, curl sends a form
 * type. Without a body `request.body` is undefined. Safe against other web pages, whose simple requests reach here too, because `sameOrigins` runs before.
 *
 * @param limitOf bytes that this request may have
 */
export function jsonBody(limitOf: (request: Request) => number): RequestHandler[] {
  return [(request, response, next) => express.raw({ type: () => true, limit: limitOf(request) })(request, response, next), parseBody];
}

function parseBody(request: Request, _response: Response, next: NextFunction): void {
  const body: unknown = request.body;
  if (request.headers["content-type"]?.startsWith("multipart/")) throw new AppError("invalid_request", "Send the body as JSON; multipart forms are not read.");
  const text = Buffer.isBuffer(body) ? body.toString("utf8").trim() : "";
  request.body = text === "" ? undefined : readJson(text);
  next();
}
