import { expect, test } from "vitest";
import { AppError } from "#errors";
import { errorBody, STATUS } from "#server/middleware/error-handler.ts";

test("the status of every code is pinned: clients branch on it", () => {
  expect(STATUS).toMatchInlineSnapshot(`
    {
      "already_decided": 409,
      "commit_unknown": 404,
      "conflict": 409,
      "database_unavailable": 503,
      "decision_missing": 409,
      "deploy_failed": 409,
      "disk_full": 507,
      "forbidden": 403,
      "graph_load_failed": 422,
      "idempotency_conflict": 409,
      "identity_unavailable": 503,
      "internal": 500,
      "invalid_config": 422,
      "invalid_request": 400,
      "job_timeout": 504,
      "lease_lost": 500,
      "model_answer_unusable": 502,
      "model_failed": 502,
      "model_not_configured": 422,
      "not_found": 404,
      "nothing_to_resume": 409,
      "path_outside_workspace": 400,
      "payload_too_large": 413,
      "port_taken": 500,
      "port_unavailable": 503,
      "ports_missing": 422,
      "rate_limited": 429,
      "replay_miss": 422,
      "resume_ambiguous": 409,
      "sandbox_unavailable": 422,
      "secret_missing": 409,
      "secrets_key_missing": 422,
      "test_infrastructure": 500,
      "thread_busy": 409,
      "unauthorized": 401,
      "unreadable_answer": 422,
      "workspace_failed": 500,
    }
  `);
});

test("an internal error shows a client neither host, address nor statement", () => {
  const error = new AppError("internal", "connect ECONNREFUSED postgres://root:pw@10.0.0.7/db", { details: { query: "select 1" } });
  expect(JSON.stringify(errorBody(error))).not.toMatch(/postgres|10\.0|select/);
});

test("a named error keeps its message and details", () => {
  const error = new AppError("already_decided", "Decided by ann at noon.", { details: { decidedBy: "ann" } });
  expect(errorBody(error)).toEqual({ code: "already_decided", message: "Decided by ann at noon.", details: { decidedBy: "ann" } });
});
