import { Router } from "express";
import { AppError } from "#errors";
import { ApprovalPath, ApprovalsQuery } from "#protocol/approvals.ts";
import type { RouteContext } from "../context.ts";
import { parse } from "../parse.ts";

/** What waits for a person, over all threads. The same decisions can be given as `command.resume` on the thread. */
export function approvalRoutes({ services: { approvals }, caller }: RouteContext): Router {
  const router = Router();

  router.get("/approvals", async (request, response) => {
    response.json(await approvals.list(caller(request), parse(ApprovalsQuery, request.query, "query")));
  });

  router.get("/approvals/:approval_id", async (request, response) => {
    const { approval_id } = parse(ApprovalPath, request.params, "path");
    response.json(await approvals.get(caller(request), approval_id));
  });

  router.post("/approvals/:approval_id/decision", async (request, response) => {
    const { approval_id } = parse(ApprovalPath, request.params, "path");
    // any shape that a known client sends; read by the service against what was asked
    const decision: unknown = request.body;
    if (decision === undefined) throw new AppError("unreadable_answer", 'Send the decision as the body, for example {"type":"approve"}.');
    response.json(await approvals.decide(caller(request), approval_id, decision));
  });

  return router;
}
