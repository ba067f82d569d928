import { Router } from "express";
import { HistoryBody, HistoryQuery, StateAtCheckpoint, StatePatch, StateQuery, StateUpdate, ThreadCheckpointPath, ThreadPath } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { parse } from "../parse.ts";

/** What a thread holds now, held before, and is made to hold. */
export function threadStateRoutes({ services: { threads }, caller }: RouteContext): Router {
  const router = Router();

  router.get("/threads/:thread_id/state", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.state(caller(request), thread_id, parse(StateQuery, request.query, "query")));
  });

  router.post("/threads/:thread_id/state", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.updateState(caller(request), thread_id, parse(StateUpdate, request.body, "body")));
  });

  // the SDK's patchState: "patch the metadata of a thread"
  router.patch("/threads/:thread_id/state", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    await threads.update(caller(request), thread_id, parse(StatePatch, request.body, "body"));
    response.status(204).end();
  });

  router.post("/threads/:thread_id/state/checkpoint", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.state(caller(request), thread_id, parse(StateAtCheckpoint, request.body, "body")));
  });

  router.get("/threads/:thread_id/state/:checkpoint_id", async (request, response) => {
    const { thread_id, checkpoint_id } = parse(ThreadCheckpointPath, request.params, "path");
    const { subgraphs } = parse(StateQuery, request.query, "query");
    response.json(await threads.state(caller(request), thread_id, { checkpoint: { checkpoint_id }, subgraphs }));
  });

  router.get("/threads/:thread_id/history", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.history(caller(request), thread_id, parse(HistoryQuery, request.query, "query")));
  });

  router.post("/threads/:thread_id/history", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await threads.history(caller(request), thread_id, parse(HistoryBody, request.body, "body")));
  });

  return router;
}
