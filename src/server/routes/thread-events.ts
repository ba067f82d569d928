import { Router } from "express";
import { AppError } from "#errors";
import { ThreadPath } from "#protocol/threads.ts";
import { EventsFilter } from "#protocol/v2/events-filter.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { parse } from "../parse.ts";
import { sendEvents } from "../sse.ts";

/** Protocol v2: what happens on a thread, over all its runs. The same over a WebSocket is in `thread-socket.ts`. */
export function threadEventRoutes({ services: { threadProtocol }, caller, log, stream }: RouteContext): Router {
  const router = Router();

  router.post("/threads/:thread_id/stream/events", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    const filter = parse(EventsFilter, request.body, "body");
    const events = await threadProtocol.events(caller(request), thread_id, filter, disconnectSignal(response));
    await sendEvents(response, events, { log, ...stream });
  });

  router.get("/threads/:thread_id/stream/events", () => {
    throw new AppError("invalid_request", 'This address is for WebSockets. Over HTTP, POST {"channels": [...]} to it.');
  });

  return router;
}
