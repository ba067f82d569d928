import type { Router } from "express";
import { z } from "zod";
import { CancelManyBody, CancelManyQuery, CancelQuery, RunBatch, RunPath, RunRequest, RunsQuery } from "#protocol/runs.ts";
import { ThreadPath } from "#protocol/threads.ts";
import { Run } from "#protocol/wire.ts";
import type { RouteContext } from "../context.ts";
import { createdWith } from "../created-with.ts";
import { endpoints } from "../endpoint.ts";
import { IDEMPOTENCY_KEY } from "../idempotency-key.ts";
import { json, nothing, page, RUN_ADDRESS } from "../openapi/answers.ts";
import { sendPage } from "../pages.ts";
import { setRunAddress } from "../run-address.ts";

const CREATED = json(Run, "The run, which goes on in the background.", { "content-location": RUN_ADDRESS["content-location"] });

/** Runs in the background: started, listed, cancelled, deleted. Following one is in `run-streams.ts`. */
export function runRoutes({ services: { runs }, caller }: RouteContext): Router {
  const { router, get, post, delete: remove } = endpoints("Runs", caller);

  post(
    "/threads/:thread_id/runs",
    { summary: "Start a run in the background", path: ThreadPath, body: RunRequest, headers: IDEMPOTENCY_KEY, answers: CREATED },
    async ({ who, path: { thread_id }, body, request, response }) => {
      const run = await runs.create(who, thread_id, body, createdWith(request));
      setRunAddress(response, thread_id, run.run_id);
      response.json(run);
    },
  );

  post(
    "/runs",
    { summary: "Start a run without a thread", body: RunRequest, headers: IDEMPOTENCY_KEY, answers: CREATED },
    async ({ who, body, request, response }) => {
      const run = await runs.create(who, null, body, createdWith(request));
      setRunAddress(response, null, run.run_id);
      response.json(run);
    },
  );

  post(
    "/runs/batch",
    { summary: "Start several runs without a thread", body: RunBatch, headers: IDEMPOTENCY_KEY, answers: json(z.array(Run), "The runs, in order.") },
    async ({ who, body, request, response }) => {
      response.json(await runs.createMany(who, body, createdWith(request)));
    },
  );

  post(
    "/runs/cancel",
    { summary: "Cancel several runs", query: CancelManyQuery, body: CancelManyBody, answers: nothing() },
    async ({ who, query: { action }, body, response }) => {
      await runs.cancelMany(who, { ...body, action });
      response.status(204).end();
    },
  );

  get(
    "/threads/:thread_id/runs",
    { summary: "List a thread's runs, the newest first", path: ThreadPath, query: RunsQuery, answers: page(Run) },
    async ({ who, path, query, response }) => {
      sendPage(response, await runs.list(who, path.thread_id, query), query);
    },
  );

  get("/threads/:thread_id/runs/:run_id", { summary: "Get a run", path: RunPath, answers: json(Run) }, async ({ who, path, response }) => {
    response.json(await runs.get(who, path.thread_id, path.run_id));
  });

  remove(
    "/threads/:thread_id/runs/:run_id",
    { summary: "Delete a run that is over, with what it wrote", path: RunPath, answers: nothing() },
    async ({ who, path, response }) => {
      await runs.delete(who, path.thread_id, path.run_id);
      response.status(204).end();
    },
  );

  post(
    "/threads/:thread_id/runs/:run_id/cancel",
    { summary: "Cancel a run", path: RunPath, query: CancelQuery, answers: { 202: { what: "It is told to stop." }, ...nothing("It has stopped (`wait`).") } },
    async ({ who, path, query: { wait, action }, response }) => {
      await runs.cancel(who, path.thread_id, path.run_id, { wait, action });
      response.status(wait ? 204 : 202).end();
    },
  );

  return router;
}
