import { Router } from "express";
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
  GraphQuery,
  SubgraphsPath,
  SubgraphsQuery,
} from "#protocol/assistants.ts";
import type { RouteContext } from "../context.ts";
import { sendPage } from "../pages.ts";
import { parse } from "../parse.ts";

/** Assistants: a graph with settings, and what a graph looks like from outside. */
export function assistantRoutes({ services: { assistants, threads }, caller }: RouteContext): Router {
  const router = Router();

  router.post("/assistants", async (request, response) => {
    response.json(await assistants.create(caller(request), parse(AssistantCreate, request.body, "body")));
  });

  router.post("/assistants/search", async (request, response) => {
    const search = parse(AssistantSearch, request.body, "body");
    sendPage(response, await assistants.search(caller(request), search), search);
  });

  router.post("/assistants/count", async (request, response) => {
    const filter = parse(AssistantCount, request.body, "body");
    const { total } = await assistants.search(caller(request), { ...filter, limit: 1, offset: 0 });
    response.json(total);
  });

  router.get("/assistants/:assistant_id", async (request, response) => {
    const { assistant_id } = parse(AssistantPath, request.params, "path");
    response.json(await assistants.get(caller(request), assistant_id));
  });

  router.patch("/assistants/:assistant_id", async (request, response) => {
    const { assistant_id } = parse(AssistantPath, request.params, "path");
    response.json(await assistants.update(caller(request), assistant_id, parse(AssistantUpdate, request.body, "body")));
  });

  router.delete("/assistants/:assistant_id", async (request, response) => {
    const { assistant_id: name } = parse(AssistantPath, request.params, "path");
    const { delete_threads } = parse(AssistantDelete, request.query, "query");
    const who = caller(request);
    // first of all: who may not delete the assistant loses no thread by asking
    const assistant_id = await assistants.delete(who, name);
    if (delete_threads) {
      const mine = { metadata: { assistant_id }, limit: 100, offset: 0 };
      for (let page = await threads.search(who, mine); page.items.length > 0; page = await threads.search(who, mine)) {
        for (const { thread_id } of page.items) await threads.delete(who, thread_id);
      }
    }
    response.json([assistant_id]);
  });

  router.get("/assistants/:assistant_id/graph", async (request, response) => {
    const { assistant_id } = parse(AssistantPath, request.params, "path");
    const { xray } = parse(GraphQuery, request.query, "query");
    response.json(await assistants.graph(caller(request), assistant_id, xray));
  });

  router.get("/assistants/:assistant_id/schemas", async (request, response) => {
    const { assistant_id } = parse(AssistantPath, request.params, "path");
    response.json(await assistants.schemas(caller(request), assistant_id));
  });

  router.get(["/assistants/:assistant_id/subgraphs", "/assistants/:assistant_id/subgraphs/:namespace"], async (request, response) => {
    const { assistant_id, ...namespace } = parse(SubgraphsPath, request.params, "path");
    const { recurse } = parse(SubgraphsQuery, request.query, "query");
    response.json(await assistants.subgraphs(caller(request), assistant_id, { ...namespace, recurse }));
  });

  router.post("/assistants/:assistant_id/versions", async (request, response) => {
    const { assistant_id } = parse(AssistantPath, request.params, "path");
    const versions = await assistants.versions(caller(request), assistant_id, parse(AssistantVersions, request.body, "body"));
    if (versions.length === 0) throw new AppError("not_found", `Assistant "${assistant_id}" not found.`);
    response.json(versions);
  });

  router.post("/assistants/:assistant_id/latest", async (request, response) => {
    const { assistant_id } = parse(AssistantPath, request.params, "path");
    const { version } = parse(AssistantLatest, request.body, "body");
    response.json(await assistants.setLatest(caller(request), assistant_id, version));
  });

  return router;
}
