import type { NextFunction, Request, Response } from "express";
import { AppError } from "#errors";
import { hasUpgrade } from "../web-socket.ts";

const BEARER = "slipway.bearer.";

/**
 * The credential of a page's WebSocket. A browser sends no headers of the page's choice with one, and an address ends in histories and logs of
 * proxies, so the page offers its token as a protocol: `new WebSocket(url, ["slipway", "slipway.bearer." + encodeURIComponent(token)])`.
 *
 * From here on it is the header `Authorization: Bearer`, for the built-in kinds of `AUTH` and for a project's own auth alike, and stands among
 * the protocols no more: it is not answered, and no graph or rule sees it there. A cookie would come along from any page; this only comes from one
 * that has the token.
 *
 * @throws AppError `unauthorized` for two credentials, or one that cannot be read
 */
export function socketCredential(request: Request, _response: Response, next: NextFunction): void {
  const offered = request.headers["sec-websocket-protocol"];
  if (offered === undefined || !hasUpgrade(request)) return next();
  const protocols = offered.split(",").map((protocol) => protocol.trim());
  const [given, second] = protocols.filter((protocol) => protocol.startsWith(BEARER));
  if (given === undefined) return next();
  if (second !== undefined || request.headers.authorization !== undefined)
    throw new AppError("unauthorized", "Two credentials came with the request; bring the one that is meant.");
  replaceHeader(request, "authorization", `Bearer ${decoded(given.slice(BEARER.length))}`);
  replaceHeader(request, "sec-websocket-protocol", protocols.filter((protocol) => protocol !== given).join(", "));
  next();
}

function decoded(text: string): string {
  try {
    const token = decodeURIComponent(text);
    // what could not stand in a header either
    if (/^[\x21-\x7e]+$/.test(token)) return token;
  } catch {
    // told below
  }
  throw new AppError("unauthorized", `The token behind "${BEARER}" cannot be read; it is encoded with encodeURIComponent.`);
}

/** In both views that Node has of them; an empty text takes it away. */
function replaceHeader(request: Request, name: "authorization" | "sec-websocket-protocol", text: string): void {
  delete request.headers[name];
  delete request.headersDistinct[name];
  if (text === "") return;
  request.headers[name] = text;
  request.headersDistinct[name] = [text];
}
