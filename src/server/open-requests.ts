import type { Request, Response } from "express";
import { toAppError } from "#errors";
import type { Log } from "#log";
import type { IdentityWatch } from "#ports/identity.ts";
import type { Caller } from "#ports/caller.ts";
import { hasUpgrade } from "./web-socket.ts";

const LOOK_MS = 2_000;

export interface OpenRequests {
  /** Keeps an eye on the request until it is answered or its connection closes. */
  watch(request: Request, response: Response, caller: Caller): void;
}

/**
 * Ends requests, streams and WebSockets whose caller would not be let in any more: a token that ran out, a key that was revoked, an account
 * that was disabled. Looked at every two seconds as long as any are open. When nobody can tell, they go on.
 */
export function openRequests(watch: IdentityWatch, { log, everyMs = LOOK_MS }: { log: Log; everyMs?: number }): OpenRequests {
  const open = new Map<Request, { caller: Caller; end: () => void }>();
  let timer: NodeJS.Timeout | null = null;
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      const ended = await watch.ended([...open.values()].map(({ caller }) => caller));
      for (const { caller, end } of open.values()) if (ended.has(caller)) end();
    } catch (error) {
      log.warn({ code: toAppError(error).code }, "whether open requests may go on could not be found out; asked again");
    } finally {
      looking = false;
    }
  }

  function forget(request: Request): void {
    open.delete(request);
    if (open.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  return {
    watch(request, response, caller) {
      if (caller.credential === undefined) return;
      // the response of an upgrade is over as soon as the WebSocket is there
      const connection = hasUpgrade(request) ? request.socket : response;
      open.set(request, { caller, end: () => connection.destroy() });
      connection.once("close", () => forget(request));
      timer ??= setInterval(() => void look(), everyMs).unref();
    },
  };
}
