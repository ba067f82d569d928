import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";

/** A request whose body has been read already, for libraries that speak the web's `Request`; its signal aborts when the client goes away. */
export function toWebRequest(request: Request, signal: AbortSignal): globalThis.Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) for (const value of values ?? []) headers.append(name, value);
  return new globalThis.Request(`http://localhost${request.path}`, { method: request.method, headers, signal });
}

/** Writes the web's `Response` as it comes. A body that breaks cuts the connection. */
export async function sendWebResponse(answer: globalThis.Response, response: Response): Promise<void> {
  response.status(answer.status);
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  if (answer.body === null) return void response.end();
  response.flushHeaders();
  await pipeline(Readable.fromWeb(answer.body), response).catch(() => response.destroy());
}
