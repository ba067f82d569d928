import { Router } from "express";
import { CronCount, CronCreate, CronPath, CronSearch, CronUpdate } from "#protocol/crons.ts";
import { ThreadPath } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { sendPage } from "../pages.ts";
import { parse } from "../parse.ts";

/** Crons: runs that begin by the clock, each on a thread of its own or all on one. */
export function cronRoutes({ services: { crons }, caller }: RouteContext): Router {
  const router = Router();

  router.post("/runs/crons", async (request, response) => {
    response.json(await crons.create(caller(request), null, parse(CronCreate, request.body, "body")));
  });

  router.post("/threads/:thread_id/runs/crons", async (request, response) => {
    const { thread_id } = parse(ThreadPath, request.params, "path");
    response.json(await crons.create(caller(request), thread_id, parse(CronCreate, request.body, "body")));
  });

  router.post("/runs/crons/search", async (request, response) => {
    const search = parse(CronSearch, request.body, "body");
    sendPage(response, await crons.search(caller(request), search), search);
  });

  router.post("/runs/crons/count", async (request, response) => {
    response.json(await crons.count(caller(request), parse(CronCount, request.body, "body")));
  });

  router.get("/runs/crons/:cron_id", async (request, response) => {
    const { cron_id } = parse(CronPath, request.params, "path");
    response.json(await crons.get(caller(request), cron_id));
  });

  router.patch("/runs/crons/:cron_id", async (request, response) => {
    const { cron_id } = parse(CronPath, request.params, "path");
    response.json(await crons.update(caller(request), cron_id, parse(CronUpdate, request.body, "body")));
  });

  router.delete("/runs/crons/:cron_id", async (request, response) => {
    const { cron_id } = parse(CronPath, request.params, "path");
    await crons.delete(caller(request), cron_id);
    response.status(204).end();
  });

  return router;
}
