import type { Router } from "express";
import { ThreadPath, ThreadStreamQuery } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { endpoints } from "../endpoint.ts";
import { eventStream } from "../openapi/answers.ts";
import { sendEvents } from "../sse.ts";

/** All runs of a thread in one stream, which stays open. */
export function threadStreamRoutes({ services: { threadStream }, caller, log, stream }: RouteContext): Router {
  const { router, get } = endpoints("Threads", caller);

  get(
    "/threads/:thread_id/stream",
    {
      summary: "Follow all runs of a thread",
      path: ThreadPath,
      query: ThreadStreamQuery,
      headers: { "last-event-id": "Id of the last event that was seen; `-`: from the start of what is kept." },
      answers: eventStream("The events of one run after another; stays open."),
    },
    async ({ who, path: { thread_id }, query: { stream_mode: modes }, request, response }) => {
      const lastEventId = request.get("last-event-id")?.trim() || null;
      const frames = await threadStream.join(who, thread_id, { lastEventId, modes, signal: disconnectSignal(response) });
      await sendEvents(response, frames, { log, ...stream });
    },
  );

  return router;
}
