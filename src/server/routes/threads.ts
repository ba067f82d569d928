import { Router } from "express";
import { ThreadCount, ThreadCreate, ThreadPath, ThreadPrune, ThreadQuery, ThreadSearch, ThreadUpdate } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { sendPage } from "../pages.ts";
import { parse } from "../parse.ts";

/** Threads themselves; what they hold is in `thread-state.ts`. */
export function threadRoutes({ services: { threads }, caller }: RouteContext): Router {
  const router = Router();

  router.post("/threads", async (request, response) => {
    response.json(await threads.create(caller(request), parse(ThreadCreate, request.body, "body")));
  });

  router.post("/threads/search", async (request, response) => {
    const search = parse(ThreadSearch, request.body, "body");
    sendPage(response, await threads.search(caller(request), search), search);
  });

  router.post("/threads/count", async (request, response) => {
    response.json(await threads.count(caller(request), parse(ThreadCount, request.body, "body")));
  });

  router.post("/threads/prune", async (request, response) => {
    response.json({ pruned_count: await threads.prune(caller(request), parse(ThreadPrune, request.body, "body")) });
  });

  router.get("/threads/:thread_id", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.get(caller(request), thread_id, parse(ThreadQuery, request.query, "query")));
  });

  router.get("/threads/:thread_id/storage", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.storage(caller(request), thread_id));
  });

  router.patch("/threads/:thread_id", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    const thread = await threads.update(caller(request), thread_id, parse(ThreadUpdate, request.body, "body"));
    if (request.get("prefer")?.includes("return=minimal")) response.status(204).end();
    else response.json(thread);
  });

  router.delete("/threads/:thread_id", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    await threads.delete(caller(request), thread_id);
    response.status(204).end();
  });

  router.post("/threads/:thread_id/copy", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.copy(caller(request), thread_id));
  });

  return router;
}
