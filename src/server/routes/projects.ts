import type { Router } from "express";
import { z } from "zod";
import { DeployOutcomeAnswer, LogsQuery, ProjectAnswer, ProjectPath, RollbackBody, ServiceStatusAnswer } from "#protocol/projects.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, text } from "../openapi/answers.ts";

/** Delivered software: what runs, at which address, and the way back. */
export function projectRoutes({ services: { projects }, caller }: RouteContext): Router {
  const { router, get, post } = endpoints("Projects", caller);

  get("/projects", { summary: "List delivered projects", answers: json(z.object({ items: z.array(ProjectAnswer) })) }, async ({ who, response }) => {
    response.json({ items: await projects.list(who) });
  });

  get(
    "/projects/:project_id",
    { summary: "Get a project, and what its models used", path: ProjectPath, answers: json(ProjectAnswer) },
    async ({ who, path, response }) => {
      response.json(await projects.get(who, path.project_id));
    },
  );

  post(
    "/projects/:project_id/rollback",
    { summary: "Go back to an earlier release", path: ProjectPath, body: RollbackBody, answers: json(DeployOutcomeAnswer) },
    async ({ who, path, body, response }) => {
      response.json(await projects.rollback(who, path.project_id, body));
    },
  );

  post(
    "/projects/:project_id/undeploy",
    { summary: "Stop the service; releases and data stay", path: ProjectPath, answers: json(ServiceStatusAnswer) },
    async ({ who, path, response }) => {
      response.json(await projects.undeploy(who, path.project_id));
    },
  );

  get(
    "/projects/:project_id/logs",
    { summary: "Read what the service printed", path: ProjectPath, query: LogsQuery, answers: text("text/plain", "The last lines, secrets masked.") },
    async ({ who, path, query, response }) => {
      response.type("text/plain").send(await projects.logs(who, path.project_id, query.lines));
    },
  );

  return router;
}
