import { Router } from "express";
import { CancelManyBody, CancelManyQuery, CancelQuery, RunBatch, RunPath, RunRequest, RunsQuery } from "#protocol/runs.ts";
import { ThreadPath } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { createdWith } from "../created-with.ts";
import { sendPage } from "../pages.ts";
import { parse } from "../parse.ts";
import { setRunAddress } from "../run-address.ts";

/** Runs in the background: started, listed, cancelled, deleted. Following one is in `run-streams.ts`. */
export function runRoutes({ services: { runs }, caller }: RouteContext): Router {
  const router = Router();

  router.post("/threads/:thread_id/runs", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    const run = await runs.create(caller(request), thread_id, parse(RunRequest, request.body, "body"), createdWith(request));
    setRunAddress(response, thread_id, run.run_id);
    response.json(run);
  });

  router.post("/runs", async (request, response) => {
    const run = await runs.create(caller(request), null, parse(RunRequest, request.body, "body"), createdWith(request));
    setRunAddress(response, null, run.run_id);
    response.json(run);
  });

  router.post("/runs/batch", async (request, response) => {
    response.json(await runs.createMany(caller(request), parse(RunBatch, request.body, "body"), createdWith(request)));
  });

  router.post("/runs/cancel", async (request, response) => {
    const { action } = parse(CancelManyQuery, request.query, "query");
    await runs.cancelMany(caller(request), { ...parse(CancelManyBody, request.body, "body"), action });
    response.status(204).end();
  });

  router.get("/threads/:thread_id/runs", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    const query = parse(RunsQuery, request.query, "query");
    sendPage(response, await runs.list(caller(request), thread_id, query), query);
  });

  router.get("/threads/:thread_id/runs/:run_id", async (request, response) => {
    const { thread_id, run_id } = parse(RunPath, request.params, "path");
    response.json(await runs.get(caller(request), thread_id, run_id));
  });

  router.delete("/threads/:thread_id/runs/:run_id", async (request, response) => {
    const { thread_id, run_id } = parse(RunPath, request.params, "path");
    await runs.delete(caller(request), thread_id, run_id);
    response.status(204).end();
  });

  router.post("/threads/:thread_id/runs/:run_id/cancel", async (request, response) => {
    const { thread_id, run_id } = parse(RunPath, request.params, "path");
    const { wait, action } = parse(CancelQuery, request.query, "query");
    await runs.cancel(caller(request), thread_id, run_id, { wait, action });
    response.status(wait ? 204 : 202).end();
  });

  return router;
}
