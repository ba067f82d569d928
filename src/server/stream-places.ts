import type { Request, Response } from "express";
import { AppError } from "#errors";
import type { Caller } from "#ports/services.ts";
import { hasUpgrade } from "./web-socket.ts";

/** Requests that stay open: event streams, WebSockets, and those that wait for the end of a run. */
const STAYS_OPEN = /\/(?:stream|stream\/events|join|wait)\/?$/;

const RETRY_SECONDS = 5;

/** Counts what each caller of this process keeps open. */
export function streamPlaces(): { take(request: Request, response: Response, caller: Caller): void } {
  const taken = new Map<string, number>();
  return {
    /** @throws AppError `rate_limited` when all of the caller's places are taken */
    take(request, response, { owner, limits }) {
      if (limits === undefined || limits.streams === 0 || !STAYS_OPEN.test(request.path)) return;
      const open = taken.get(owner) ?? 0;
      if (open >= limits.streams)
        throw new AppError("rate_limited", `${limits.streams} streams are open. Close one, or follow several subscriptions over one WebSocket.`, {
          details: { retry_after_seconds: RETRY_SECONDS },
        });
      taken.set(owner, open + 1);
      // the response of an upgrade is over as soon as the WebSocket is there
      (hasUpgrade(request) ? request.socket : response).once("close", () => {
        const left = (taken.get(owner) ?? 1) - 1;
        if (left === 0) taken.delete(owner);
        else taken.set(owner, left);
      });
    },
  };
}
