import type { Router } from "express";
import { z } from "zod";
import { AppError } from "#errors";
import { ApprovalAnswer, ApprovalPath, ApprovalsQuery, DecisionBody } from "#protocol/approvals.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json } from "../openapi/answers.ts";

/** What waits for a person, over all threads. The same decisions can be given as `command.resume` on the thread. */
export function approvalRoutes({ services: { approvals }, caller }: RouteContext): Router {
  const { router, get, post } = endpoints("Approvals", caller);

  get(
    "/approvals",
    { summary: "List what waits for a person", query: ApprovalsQuery, answers: json(z.object({ items: z.array(ApprovalAnswer), total: z.number() })) },
    async ({ who, query, response }) => {
      response.json(await approvals.list(who, query));
    },
  );

  get("/approvals/:approval_id", { summary: "Get an approval", path: ApprovalPath, answers: json(ApprovalAnswer) }, async ({ who, path, response }) => {
    response.json(await approvals.get(who, path.approval_id));
  });

  post(
    "/approvals/:approval_id/decision",
    { summary: "Decide", path: ApprovalPath, bodyReadElsewhere: DecisionBody, answers: json(ApprovalAnswer, "The decided approval; its thread goes on.") },
    async ({ who, path, request, response }) => {
      // any shape that a known client sends; read by the service against what was asked
      const decision: unknown = request.body;
      if (decision === undefined) throw new AppError("unreadable_answer", 'Send the decision as the body, for example {"type":"approve"}.');
      response.json(await approvals.decide(who, path.approval_id, decision));
    },
  );

  return router;
}
