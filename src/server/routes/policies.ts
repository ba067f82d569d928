import type { Router } from "express";
import { DryRunAnswer, DryRunRequest, PoliciesQuery, PolicyAnswer, PolicyCreate, PolicyPath } from "#protocol/policies.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, nothing, page } from "../openapi/answers.ts";
import { sendPage } from "../pages.ts";

/** Rules about what people are asked: who may write them decides for everybody. */
export function policyRoutes({ services: { policies }, caller }: RouteContext): Router {
  const { router, get, post, put, delete: remove } = endpoints("Policies", caller);

  get(
    "/policies",
    { summary: "List the rules, those of Slipway last", query: PoliciesQuery, answers: page(PolicyAnswer) },
    async ({ who, query, response }) => {
      sendPage(response, await policies.list(who, query), query);
    },
  );

  post("/policies", { summary: "Make a rule", body: PolicyCreate, answers: json(PolicyAnswer) }, async ({ who, body, response }) => {
    response.json(await policies.create(who, body));
  });

  post(
    "/policies/dry-run",
    { summary: "Tell what rules would have done with the questions of the last days", body: DryRunRequest, answers: json(DryRunAnswer) },
    async ({ who, body, response }) => {
      response.json(await policies.dryRun(who, body));
    },
  );

  get("/policies/:policy_id", { summary: "Get a rule", path: PolicyPath, answers: json(PolicyAnswer) }, async ({ who, path, response }) => {
    response.json(await policies.get(who, path.policy_id));
  });

  put(
    "/policies/:policy_id",
    { summary: "Replace a rule", path: PolicyPath, body: PolicyCreate, answers: json(PolicyAnswer) },
    async ({ who, path, body, response }) => {
      response.json(await policies.replace(who, path.policy_id, body));
    },
  );

  remove("/policies/:policy_id", { summary: "Delete a rule", path: PolicyPath, answers: nothing() }, async ({ who, path, response }) => {
    await policies.delete(who, path.policy_id);
    response.status(204).end();
  });

  return router;
}
