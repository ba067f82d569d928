import type { Request, Response } from "express";
import { AppError } from "#errors";
import type { Caller } from "#ports/caller.ts";
import { hasUpgrade } from "./web-socket.ts";

/** Requests that stay open: event streams, WebSockets, and those that wait for the end of a run. */
const STAYS_OPEN = /\/(?:stream|stream\/events|join|wait)\/?$/;

const RETRY_SECONDS = 5;

/** Counts what each caller of this process, and each key with a limit, keeps open. */
export function streamPlaces(): { take(request: Request, response: Response, caller: Caller): void } {
  const taken = new Map<string, number>();
  return {
    /** @throws AppError `rate_limited` when all of the caller's places are taken */
    take(request, response, { owner, limits }) {
      if (limits === undefined || !STAYS_OPEN.test(request.path)) return;
      const { key } = limits;
      const counted: [name: string, most: number][] = [
        [`user ${owner}`, limits.streams],
        ...(key ? [[`key ${key.id}`, key.streams ?? 0] as [string, number]] : []),
      ];
      const limited = counted.filter(([, most]) => most > 0);
      for (const [name, most] of limited) {
        if ((taken.get(name) ?? 0) >= most)
          throw new AppError(
            "rate_limited",
            `No more streams than ${most} may be open at once. Close one, or follow several subscriptions over one WebSocket.`,
            {
              details: { retry_after_seconds: RETRY_SECONDS },
            },
          );
      }
      for (const [name] of limited) taken.set(name, (taken.get(name) ?? 0) + 1);
      // the response of an upgrade is over as soon as the WebSocket is there
      (hasUpgrade(request) ? request.socket : response).once("close", () => {
        for (const [name] of limited) {
          const left = (taken.get(name) ?? 1) - 1;
          if (left === 0) taken.delete(name);
          else taken.set(name, left);
        }
      });
    },
  };
}
