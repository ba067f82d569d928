import type { Router } from "express";
import { z } from "zod";
import { ShareAnswer, ShareBody, SharePath } from "#protocol/project-shares.ts";
import { DeployOutcomeAnswer, LogsQuery, ProjectAnswer, ProjectPath, ProjectsQuery, RollbackBody, ServiceStatusAnswer } from "#protocol/projects.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, nothing, text } from "../openapi/answers.ts";
import { wireProject } from "../wire-project.ts";
import { wireDeployOutcome, wireServiceStatus } from "../wire-release.ts";

/** Delivered software: what runs, at which address, and the way back. */
export function projectRoutes({ services: { projects }, caller }: RouteContext): Router {
  const { router, get, post, put, delete: remove } = endpoints("Projects", caller);

  get(
    "/projects",
    {
      summary: "List delivered projects",
      about: "Yours, and those that are shared with you; everybody's for administrators and approvers. `role` says what you may do with each.",
      query: ProjectsQuery,
      answers: json(z.object({ items: z.array(ProjectAnswer) }), "One page of the list.", { "x-pagination-total": "How many there are in all." }),
    },
    async ({ who, query, response }) => {
      const { items, total } = await projects.list(who, query);
      response.set("x-pagination-total", String(total)).json({ items: items.map(wireProject) });
    },
  );

  get(
    "/projects/:project_id",
    { summary: "Get a project, and what its models used", path: ProjectPath, answers: json(ProjectAnswer) },
    async ({ who, path, response }) => {
      response.json(wireProject(await projects.get(who, path.project_id)));
    },
  );

  post(
    "/projects/:project_id/rollback",
    { summary: "Go back to an earlier release", path: ProjectPath, body: RollbackBody, answers: json(DeployOutcomeAnswer) },
    async ({ who, path, body, response }) => {
      response.json(wireDeployOutcome(await projects.rollback(who, path.project_id, body)));
    },
  );

  post(
    "/projects/:project_id/undeploy",
    { summary: "Stop the service; releases and data stay", path: ProjectPath, answers: json(ServiceStatusAnswer) },
    async ({ who, path, response }) => {
      response.json(wireServiceStatus(await projects.undeploy(who, path.project_id)));
    },
  );

  get(
    "/projects/:project_id/logs",
    { summary: "Read what the service printed", path: ProjectPath, query: LogsQuery, answers: text("text/plain", "The last lines, secrets masked.") },
    async ({ who, path, query, response }) => {
      response.type("text/plain").send(await projects.logs(who, path.project_id, query.lines));
    },
  );

  get(
    "/projects/:project_id/shares",
    { summary: "List with whom a project is shared", path: ProjectPath, answers: json(z.object({ items: z.array(ShareAnswer) })) },
    async ({ who, path, response }) => {
      response.json({ items: await projects.shares(who, path.project_id) });
    },
  );

  put(
    "/projects/:project_id/shares/:user",
    {
      summary: "Share a project with somebody, or change as what",
      about:
        "By its owner or an administrator. `viewer` sees the project, its releases, the work on it with its questions, and what happened; `approver` also answers its questions; `editor` also has work done on it, rolls back and stops it.",
      path: SharePath,
      body: ShareBody,
      answers: json(ShareAnswer),
    },
    async ({ who, path, body, response }) => {
      response.json(await projects.share(who, path.project_id, { user: path.user, role: body.role }));
    },
  );

  remove(
    "/projects/:project_id/shares/:user",
    {
      summary: "Share a project with somebody no more",
      about: "At once; streams of theirs that are open end within seconds, and work that they have under way on it. Your own: to leave.",
      path: SharePath,
      answers: nothing("Not shared any more."),
    },
    async ({ who, path, response }) => {
      await projects.unshare(who, path.project_id, path.user);
      response.status(204).end();
    },
  );

  return router;
}
