import type { Router } from "express";
import { z } from "zod";
import { HistoryBody, HistoryQuery, StateAtCheckpoint, StatePatch, StateQuery, StateUpdate, ThreadCheckpointPath, ThreadPath } from "#protocol/threads.ts";
import { Checkpoint, ThreadState } from "#protocol/wire.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, nothing } from "../openapi/answers.ts";

/** What a thread holds now, held before, and is made to hold. */
export function threadStateRoutes({ services: { threads }, caller }: RouteContext): Router {
  const { router, get, post, patch } = endpoints("Threads", caller);

  get(
    "/threads/:thread_id/state",
    { summary: "Get the state", path: ThreadPath, query: StateQuery, answers: json(ThreadState) },
    async ({ who, path, query, response }) => {
      response.json(await threads.state(who, path.thread_id, query));
    },
  );

  post(
    "/threads/:thread_id/state",
    { summary: "Edit the state, or fork it at a checkpoint", path: ThreadPath, body: StateUpdate, answers: json(z.object({ checkpoint: Checkpoint })) },
    async ({ who, path, body, response }) => {
      response.json(await threads.updateState(who, path.thread_id, body));
    },
  );

  // the SDK's patchState: "patch the metadata of a thread"
  patch(
    "/threads/:thread_id/state",
    { summary: "Merge metadata into the thread's", path: ThreadPath, body: StatePatch, answers: nothing() },
    async ({ who, path, body, response }) => {
      await threads.update(who, path.thread_id, body);
      response.status(204).end();
    },
  );

  post(
    "/threads/:thread_id/state/checkpoint",
    { summary: "Get the state at a checkpoint, of a subgraph too", path: ThreadPath, body: StateAtCheckpoint, answers: json(ThreadState) },
    async ({ who, path, body, response }) => {
      response.json(await threads.state(who, path.thread_id, body));
    },
  );

  get(
    "/threads/:thread_id/state/:checkpoint_id",
    { summary: "Get the state at a checkpoint", path: ThreadCheckpointPath, query: StateQuery, answers: json(ThreadState) },
    async ({ who, path: { thread_id, checkpoint_id }, query: { subgraphs }, response }) => {
      response.json(await threads.state(who, thread_id, { checkpoint: { checkpoint_id }, subgraphs }));
    },
  );

  get(
    "/threads/:thread_id/history",
    { summary: "List earlier states, the newest first", path: ThreadPath, query: HistoryQuery, answers: json(z.array(ThreadState)) },
    async ({ who, path, query, response }) => {
      response.json(await threads.history(who, path.thread_id, query));
    },
  );

  post(
    "/threads/:thread_id/history",
    { summary: "List earlier states, filtered", path: ThreadPath, body: HistoryBody, answers: json(z.array(ThreadState)) },
    async ({ who, path, body, response }) => {
      response.json(await threads.history(who, path.thread_id, body));
    },
  );

  return router;
}
