import type { Router } from "express";
import { z } from "zod";
import { AppError } from "#errors";
import {
  AssistantCount,
  AssistantCreate,
  AssistantDelete,
  AssistantLatest,
  AssistantPath,
  AssistantSearch,
  AssistantUpdate,
  AssistantVersions,
  DrawnGraph,
  GraphQuery,
  GraphSchemas,
  SubgraphSchemas,
  SubgraphsPath,
  SubgraphsQuery,
} from "#protocol/assistants.ts";
import { Assistant, AssistantVersion } from "#protocol/wire.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, page } from "../openapi/answers.ts";
import { sendPage } from "../pages.ts";

/** Assistants: a graph with settings, and what a graph looks like from outside. */
export function assistantRoutes({ services: { assistants, threads }, caller }: RouteContext): Router {
  const { router, get, post, patch, delete: remove } = endpoints("Assistants", caller);

  post("/assistants", { summary: "Make an assistant", body: AssistantCreate, answers: json(Assistant) }, async ({ who, body, response }) => {
    response.json(await assistants.create(who, body));
  });

  post("/assistants/search", { summary: "Search assistants", body: AssistantSearch, answers: page(Assistant) }, async ({ who, body, response }) => {
    sendPage(response, await assistants.search(who, body), body);
  });

  post("/assistants/count", { summary: "Count assistants", body: AssistantCount, answers: json(z.number()) }, async ({ who, body, response }) => {
    const { total } = await assistants.search(who, { ...body, limit: 1, offset: 0 });
    response.json(total);
  });

  get("/assistants/:assistant_id", { summary: "Get an assistant", path: AssistantPath, answers: json(Assistant) }, async ({ who, path, response }) => {
    response.json(await assistants.get(who, path.assistant_id));
  });

  patch(
    "/assistants/:assistant_id",
    { summary: "Change an assistant", about: "Makes a new version.", path: AssistantPath, body: AssistantUpdate, answers: json(Assistant) },
    async ({ who, path, body, response }) => {
      response.json(await assistants.update(who, path.assistant_id, body));
    },
  );

  remove(
    "/assistants/:assistant_id",
    { summary: "Delete an assistant", path: AssistantPath, query: AssistantDelete, answers: json(z.array(z.string()), "Its id.") },
    async ({ who, path, query, response }) => {
      // first of all: who may not delete the assistant loses no thread by asking
      const assistant_id = await assistants.delete(who, path.assistant_id);
      if (query.delete_threads) {
        const mine = { metadata: { assistant_id }, limit: 100, offset: 0 };
        for (let found = await threads.search(who, mine); found.items.length > 0; found = await threads.search(who, mine)) {
          for (const { thread_id } of found.items) await threads.delete(who, thread_id);
        }
      }
      response.json([assistant_id]);
    },
  );

  get(
    "/assistants/:assistant_id/graph",
    { summary: "Draw the graph", path: AssistantPath, query: GraphQuery, answers: json(DrawnGraph) },
    async ({ who, path, query, response }) => {
      response.json(await assistants.graph(who, path.assistant_id, query.xray));
    },
  );

  get(
    "/assistants/:assistant_id/schemas",
    { summary: "Get the graph's schemas", path: AssistantPath, answers: json(GraphSchemas) },
    async ({ who, path, response }) => {
      response.json(await assistants.schemas(who, path.assistant_id));
    },
  );

  get(
    ["/assistants/:assistant_id/subgraphs", "/assistants/:assistant_id/subgraphs/:namespace"],
    {
      summary: "Get the schemas of subgraphs",
      path: SubgraphsPath,
      query: SubgraphsQuery,
      answers: json(z.record(z.string(), SubgraphSchemas), "By namespace."),
    },
    async ({ who, path: { assistant_id, ...namespace }, query: { recurse }, response }) => {
      response.json(await assistants.subgraphs(who, assistant_id, { ...namespace, recurse }));
    },
  );

  post(
    "/assistants/:assistant_id/versions",
    { summary: "List versions, the newest first", path: AssistantPath, body: AssistantVersions, answers: json(z.array(AssistantVersion)) },
    async ({ who, path: { assistant_id }, body, response }) => {
      const versions = await assistants.versions(who, assistant_id, body);
      if (versions.length === 0) throw new AppError("not_found", `Assistant "${assistant_id}" not found.`);
      response.json(versions);
    },
  );

  post(
    "/assistants/:assistant_id/latest",
    { summary: "Make a version the current one", path: AssistantPath, body: AssistantLatest, answers: json(Assistant) },
    async ({ who, path, body, response }) => {
      response.json(await assistants.setLatest(who, path.assistant_id, body.version));
    },
  );

  return router;
}
