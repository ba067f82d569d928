import type { Router } from "express";
import { z } from "zod";
import { AppError } from "#errors";
import {
  ApprovalAnswer,
  ApprovalChangeAnswer,
  ApprovalMetricsAnswer,
  ApprovalPath,
  ApprovalsQuery,
  AssignApproval,
  BatchAnswer,
  BatchDecision,
  DecisionBody,
  HistoryQuery,
  MetricsQuery,
} from "#protocol/approvals.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, page } from "../openapi/answers.ts";
import { paginate, sendPage } from "../pages.ts";
import { wireApproval, wireApprovalChange, wireBatch } from "../wire-approval.ts";
import { wireApprovalMetrics } from "../wire-approval-metrics.ts";

/** What waits for a person, over all threads. The same decisions can be given as `command.resume` on the thread. */
export function approvalRoutes({ services: { approvals }, caller, tellDenial }: RouteContext): Router {
  const { router, get, post, patch } = endpoints("Approvals", caller);

  get(
    "/approvals",
    { summary: "List what waits for a person", query: ApprovalsQuery, answers: json(z.object({ items: z.array(ApprovalAnswer), total: z.number() })) },
    async ({ who, query, response }) => {
      const found = await approvals.list(who, query);
      paginate(response, found, query);
      response.json({ items: found.items.map(wireApproval), total: found.total });
    },
  );

  get(
    "/approvals/metrics",
    { summary: "Count what was asked and decided, and how long people took", query: MetricsQuery, answers: json(ApprovalMetricsAnswer) },
    async ({ who, query, response }) => {
      response.json(wireApprovalMetrics(await approvals.metrics(who, query)));
    },
  );

  post(
    "/approvals/decisions",
    {
      summary: "Decide several at once",
      about: "Of one kind and one action, at most of medium risk, no deployments and no secrets. Each has its own outcome.",
      body: BatchDecision,
      answers: json(BatchAnswer),
    },
    async ({ who, body, request, response }) => {
      const { results } = await approvals.decideMany(who, body);
      for (const one of results) {
        if (one.ok) continue;
        const { code, message } = one.error;
        if (code === "not_found" || code === "forbidden") tellDenial?.(request, new AppError(code, message), { step: one.id, named: [one.id] });
      }
      response.json(wireBatch(results));
    },
  );

  get("/approvals/:approval_id", { summary: "Get an approval", path: ApprovalPath, answers: json(ApprovalAnswer) }, async ({ who, path, response }) => {
    response.json(wireApproval(await approvals.get(who, path.approval_id)));
  });

  post(
    "/approvals/:approval_id/decision",
    { summary: "Decide", path: ApprovalPath, bodyReadElsewhere: DecisionBody, answers: json(ApprovalAnswer, "The decided approval; its thread goes on.") },
    async ({ who, path, request, response }) => {
      // any shape that a known client sends; read by the service against what was asked
      const decision: unknown = request.body;
      if (decision === undefined) throw new AppError("unreadable_answer", 'Send the decision as the body, for example {"type":"approve"}.');
      response.json(wireApproval(await approvals.decide(who, path.approval_id, decision)));
    },
  );

  patch(
    "/approvals/:approval_id",
    { summary: "Assign an approval to somebody", path: ApprovalPath, body: AssignApproval, answers: json(ApprovalAnswer) },
    async ({ who, path, body, response }) => {
      response.json(wireApproval(await approvals.assign(who, path.approval_id, body.assignee)));
    },
  );

  get(
    "/approvals/:approval_id/history",
    { summary: "List what happened to an approval, the oldest first", path: ApprovalPath, query: HistoryQuery, answers: page(ApprovalChangeAnswer) },
    async ({ who, path, query, response }) => {
      const { items, total } = await approvals.history(who, path.approval_id, query);
      sendPage(response, { items: items.map(wireApprovalChange), total }, query);
    },
  );

  return router;
}
