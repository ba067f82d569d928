import type { Router } from "express";
import { z } from "zod";
import { ThreadCount, ThreadCreate, ThreadPath, ThreadPrune, ThreadQuery, ThreadSearch, ThreadStorage, ThreadUpdate } from "#protocol/threads.ts";
import { Thread } from "#protocol/wire.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { withExtracted } from "../extract.ts";
import { json, nothing, page } from "../openapi/answers.ts";
import { sendPage } from "../pages.ts";

/** Threads themselves; what they hold is in `thread-state.ts`. */
export function threadRoutes({ services: { threads }, caller }: RouteContext): Router {
  const { router, get, post, patch, delete: remove } = endpoints("Threads", caller);

  post("/threads", { summary: "Make a thread", body: ThreadCreate, answers: json(Thread) }, async ({ who, body, response }) => {
    response.json(await threads.create(who, body));
  });

  post("/threads/search", { summary: "Search threads", body: ThreadSearch, answers: page(Thread) }, async ({ who, body, response }) => {
    const { items, total } = await threads.search(who, body);
    if (body.extract === undefined) return sendPage(response, { items, total }, body);
    const { select } = body;
    sendPage(response, { items: withExtracted(items, body.extract), total }, select === undefined ? body : { ...body, select: [...select, "extracted"] });
  });

  post("/threads/count", { summary: "Count threads", body: ThreadCount, answers: json(z.number()) }, async ({ who, body, response }) => {
    response.json(await threads.count(who, body));
  });

  post(
    "/threads/prune",
    { summary: "Delete threads, or all but their latest state", body: ThreadPrune, answers: json(z.object({ pruned_count: z.number() })) },
    async ({ who, body, response }) => {
      response.json({ pruned_count: await threads.prune(who, body) });
    },
  );

  get(
    "/threads/:thread_id",
    { summary: "Get a thread", path: ThreadPath, query: ThreadQuery, answers: json(Thread) },
    async ({ who, path, query, response }) => {
      response.json(await threads.get(who, path.thread_id, query));
    },
  );

  get(
    "/threads/:thread_id/storage",
    { summary: "Tell what a thread takes up", path: ThreadPath, answers: json(ThreadStorage) },
    async ({ who, path, response }) => {
      response.json(await threads.storage(who, path.thread_id));
    },
  );

  patch(
    "/threads/:thread_id",
    {
      summary: "Change a thread",
      about: "Metadata are merged.",
      path: ThreadPath,
      body: ThreadUpdate,
      headers: { prefer: "`return=minimal`: answer nothing but 204." },
      answers: { ...json(Thread), ...nothing() },
    },
    async ({ who, path, body, request, response }) => {
      const thread = await threads.update(who, path.thread_id, body);
      if (request.get("prefer")?.includes("return=minimal")) response.status(204).end();
      else response.json(thread);
    },
  );

  remove("/threads/:thread_id", { summary: "Delete a thread", path: ThreadPath, answers: nothing() }, async ({ who, path, response }) => {
    await threads.delete(who, path.thread_id);
    response.status(204).end();
  });

  post("/threads/:thread_id/copy", { summary: "Copy a thread", path: ThreadPath, answers: json(Thread) }, async ({ who, path, response }) => {
    response.json(await threads.copy(who, path.thread_id));
  });

  return router;
}
