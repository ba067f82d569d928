import { Router } from "express";
import { ThreadPath, ThreadStreamQuery } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { parse } from "../parse.ts";
import { sendEvents } from "../sse.ts";

/** All runs of a thread in one stream, which stays open. */
export function threadStreamRoutes({ services: { threadStream }, caller, log, stream }: RouteContext): Router {
  const router = Router();

  router.get("/threads/:thread_id/stream", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    const { stream_mode: modes } = parse(ThreadStreamQuery, request.query, "query");
    const lastEventId = request.get("last-event-id")?.trim() || null;
    const frames = await threadStream.join(caller(request), thread_id, { lastEventId, modes, signal: disconnectSignal(response) });
    await sendEvents(response, frames, { log, ...stream });
  });

  return router;
}
