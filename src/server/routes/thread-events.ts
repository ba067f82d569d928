import type { Router } from "express";
import { AppError } from "#errors";
import { ThreadPath } from "#protocol/threads.ts";
import { EventsFilter } from "#protocol/v2/events-filter.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { endpoints } from "../endpoint.ts";
import { eventStream } from "../openapi/answers.ts";
import { sendEvents } from "../sse.ts";

/** Protocol v2: what happens on a thread, over all its runs. The same over a WebSocket is in `thread-socket.ts`. */
export function threadEventRoutes({ services: { threadProtocol }, caller, log, stream }: RouteContext): Router {
  const { router, get, post } = endpoints("Threads, protocol v2", caller);

  post(
    "/threads/:thread_id/stream/events",
    { summary: "Follow what happens on a thread", path: ThreadPath, body: EventsFilter, answers: eventStream("The events that pass the filter; stays open.") },
    async ({ who, path: { thread_id }, body, response }) => {
      const events = await threadProtocol.events(who, thread_id, { filters: [body], since: body.since ?? 0 }, disconnectSignal(response));
      await sendEvents(response, events, { log, ...stream });
    },
  );

  get(
    "/threads/:thread_id/stream/events",
    {
      summary: "Command and follow a thread over a WebSocket",
      path: ThreadPath,
      answers: { 101: { what: "Commands in, answers and events out, as JSON texts." } },
    },
    () => {
      throw new AppError("invalid_request", 'This address is for WebSockets. Over HTTP, POST {"channels": [...]} to it.');
    },
  );

  return router;
}
