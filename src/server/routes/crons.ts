import type { Router } from "express";
import { z } from "zod";
import { CronCount, CronCreate, CronPath, CronSearch, CronUpdate } from "#protocol/crons.ts";
import { ThreadPath } from "#protocol/threads.ts";
import { Cron } from "#protocol/wire.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, nothing, page } from "../openapi/answers.ts";
import { sendPage } from "../pages.ts";

/** Crons: runs that begin by the clock, each on a thread of its own or all on one. */
export function cronRoutes({ services: { crons }, caller }: RouteContext): Router {
  const { router, get, post, patch, delete: remove } = endpoints("Crons", caller);

  post(
    "/runs/crons",
    { summary: "Make a cron whose runs have threads of their own", body: CronCreate, answers: json(Cron) },
    async ({ who, body, response }) => {
      response.json(await crons.create(who, null, body));
    },
  );

  post(
    "/threads/:thread_id/runs/crons",
    { summary: "Make a cron whose runs share a thread", path: ThreadPath, body: CronCreate, answers: json(Cron) },
    async ({ who, path, body, response }) => {
      response.json(await crons.create(who, path.thread_id, body));
    },
  );

  post("/runs/crons/search", { summary: "Search crons", body: CronSearch, answers: page(Cron) }, async ({ who, body, response }) => {
    sendPage(response, await crons.search(who, body), body);
  });

  post("/runs/crons/count", { summary: "Count crons", body: CronCount, answers: json(z.number()) }, async ({ who, body, response }) => {
    response.json(await crons.count(who, body));
  });

  get("/runs/crons/:cron_id", { summary: "Get a cron", path: CronPath, answers: json(Cron) }, async ({ who, path, response }) => {
    response.json(await crons.get(who, path.cron_id));
  });

  patch("/runs/crons/:cron_id", { summary: "Change a cron", path: CronPath, body: CronUpdate, answers: json(Cron) }, async ({ who, path, body, response }) => {
    response.json(await crons.update(who, path.cron_id, body));
  });

  remove("/runs/crons/:cron_id", { summary: "Delete a cron; its runs go on", path: CronPath, answers: nothing() }, async ({ who, path, response }) => {
    await crons.delete(who, path.cron_id);
    response.status(204).end();
  });

  return router;
}
