import { Router } from "express";
import { LogsQuery, ProjectPath, RollbackBody } from "#protocol/projects.ts";
import type { RouteContext } from "../context.ts";
import { parse } from "../parse.ts";

/** Delivered software: what runs, at which address, and the way back. */
export function projectRoutes({ services: { projects }, caller }: RouteContext): Router {
  const router = Router();

  router.get("/projects", async (request, response) => {
    response.json({ items: await projects.list(caller(request)) });
  });

  router.get("/projects/:project_id", async (request, response) => {
    const { project_id } = parse(ProjectPath, request.params, "path");
    response.json(await projects.get(caller(request), project_id));
  });

  router.post("/projects/:project_id/rollback", async (request, response) => {
    const { project_id } = parse(ProjectPath, request.params, "path");
    response.json(await projects.rollback(caller(request), project_id, parse(RollbackBody, request.body, "body")));
  });

  router.post("/projects/:project_id/undeploy", async (request, response) => {
    const { project_id } = parse(ProjectPath, request.params, "path");
    response.json(await projects.undeploy(caller(request), project_id));
  });

  router.get("/projects/:project_id/logs", async (request, response) => {
    const { project_id } = parse(ProjectPath, request.params, "path");
    const { lines } = parse(LogsQuery, request.query, "query");
    response.type("text/plain").send(await projects.logs(caller(request), project_id, lines));
  });

  return router;
}
