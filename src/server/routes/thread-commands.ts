import { Router } from "express";
import { ThreadPath } from "#protocol/threads.ts";
import { Command } from "#protocol/v2/commands.ts";
import { configurableHeaders } from "../configurable-headers.ts";
import type { RouteContext } from "../context.ts";
import { parse } from "../parse.ts";

/** Protocol v2: what a thread is told to do. */
export function threadCommandRoutes({ services: { threadProtocol }, caller }: RouteContext): Router {
  const router = Router();

  router.post("/threads/:thread_id/commands", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    const command = parse(Command, request.body, "body");
    response.json(await threadProtocol.command(caller(request), thread_id, command, { headers: configurableHeaders(request.headers) }));
  });

  return router;
}
