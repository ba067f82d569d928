import { type RequestHandler, Router } from "express";
import { ThreadPath } from "#protocol/threads.ts";
import { configurableHeaders } from "../configurable-headers.ts";
import type { RouteContext } from "../context.ts";
import { type Limiters, limitCommand } from "../middleware/rate-limits.ts";
import { parse } from "../parse.ts";
import { serveThreadConnection } from "../thread-connection.ts";
import { acceptWebSocket, hasUpgrade } from "../web-socket.ts";

const HEARTBEAT_MS = 5_000;
const SLOW_READER_MS = 30_000;

interface ThreadSocketOptions {
  /** Lets pass what the settings do not switch off. */
  enabled: RequestHandler;
  limiters: Limiters;
}

/** Protocol v2 over one connection: commands in, answers and events out. */
export function threadSocketRoutes(
  { services: { threadProtocol }, caller, log, stream, tellDenial }: RouteContext,
  { enabled, limiters }: ThreadSocketOptions,
): Router {
  const router = Router();

  router.get(
    "/threads/:thread_id/stream/events",
    (request, _response, next) => next(hasUpgrade(request) ? undefined : "router"),
    enabled,
    async (request) => {
      const { thread_id } = parse(ThreadPath, request.params, "path");
      // somebody else's thread is refused with a status, before there is a connection
      await threadProtocol.events(caller(request), thread_id, { filters: [], since: 0 }, AbortSignal.abort());
      serveThreadConnection(await acceptWebSocket(request), {
        threadId: thread_id,
        caller: () => caller(request),
        headers: configurableHeaders(request.headers),
        protocol: threadProtocol,
        log,
        refused: (error, step) => tellDenial?.(request, error, { step }),
        admit: (who) => limitCommand(limiters, who),
        opened: stream?.opened,
        maxBytes: caller(request).limits?.key?.body_bytes ?? null,
        heartbeatMs: stream?.heartbeatMs ?? HEARTBEAT_MS,
        slowReaderMs: stream?.slowReaderMs ?? SLOW_READER_MS,
      });
    },
  );

  return router;
}
