import type { Request } from "express";
import { type AppError, toAppError } from "#errors";
import type { AccessDenials } from "#ports/access-denials.ts";
import type { Caller } from "#ports/caller.ts";
import { AuthRefusal } from "#protocol/auth.ts";
import { statusOf } from "./middleware/error-handler.ts";

const CREDENTIALS = ["authorization", "x-api-key", "x-service-key", "x-on-behalf-of", "sec-websocket-protocol"];
const STEP_LENGTH = 100;

/** A part of a request whose refusal does not become the status of the whole: one of a batch, a tool, a command on an open connection. */
export interface Part {
  /** What of it was refused, as the protocol calls it. */
  step: string;
  /** Ids that it named, where neither the path nor the reason does. */
  named?: readonly string[];
}

/** Passes on what was refused for who asks; anything else is left alone. */
export type TellDenial = (request: Request, error: unknown, part?: Part) => void;

/** Hears of every error that a request ends with, and tells of those that refuse somebody something. */
export function tellDenials(denials: AccessDenials, caller: (request: Request) => Caller): TellDenial {
  return (request, thrown, part) => {
    const error: AppError = toAppError(thrown);
    const status = statusOf(error);
    if (status !== 401 && status !== 403 && status !== 404) return;
    denials.note({
      status,
      // a project chooses its own words, which may repeat what was brought
      reason: error instanceof AuthRefusal ? error.code : error.message,
      method: request.method,
      path: request.path,
      step: part === undefined ? null : part.step.slice(0, STEP_LENGTH),
      named: part?.named ?? [],
      caller: callerOf(request, caller),
      // without an address it is a client inside of this process
      address: request.socket.remoteAddress ?? "127.0.0.1",
      presented: CREDENTIALS.some((name) => request.headers[name] !== undefined),
    });
  };
}

function callerOf(request: Request, caller: (request: Request) => Caller): Caller | null {
  try {
    return caller(request);
  } catch {
    return null;
  }
}
