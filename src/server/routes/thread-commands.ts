import type { Router } from "express";
import { ThreadPath } from "#protocol/threads.ts";
import { Command, CommandAnswer } from "#protocol/v2/commands.ts";
import { configurableHeaders } from "../configurable-headers.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json } from "../openapi/answers.ts";

/** Protocol v2: what a thread is told to do. */
export function threadCommandRoutes({ services: { threadProtocol }, caller }: RouteContext): Router {
  const { router, post } = endpoints("Threads, protocol v2", caller);

  post(
    "/threads/:thread_id/commands",
    {
      summary: "Command a thread",
      about:
        "`run.start`, `input.respond`, `state.get`, `state.fork`, `state.listCheckpoints`, `agent.getTree`; a mistake in `params` is an answer of type `error`.",
      path: ThreadPath,
      body: Command,
      answers: json(CommandAnswer),
    },
    async ({ who, path: { thread_id }, body, request, response }) => {
      response.json(await threadProtocol.command(who, thread_id, body, { headers: configurableHeaders(request.headers) }));
    },
  );

  return router;
}
