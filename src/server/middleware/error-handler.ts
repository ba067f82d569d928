import type { ErrorRequestHandler, NextFunction, Request, Response } from "express";
import { AppError, isAppError, toAppError, type ErrorCode } from "#errors";
import type { Log } from "#log";
import { AuthRefusal } from "#protocol/auth.ts";
import { ERROR_CODE_HEADER, type ErrorBody } from "#protocol/errors.ts";

/**
 * HTTP status of every code. Clients of the LangGraph SDK repeat a request on anything but 400–409 and 422, so what would fail the same
 * way again (a graph that does not load, a model that is not set up) is a 4xx although the cause is on this side.
 */
export const STATUS = {
  invalid_request: 400,
  unreadable_answer: 422,
  not_found: 404,
  conflict: 409,
  thread_busy: 409,
  nothing_to_resume: 409,
  resume_ambiguous: 409,
  already_decided: 409,
  decision_missing: 409,
  idempotency_conflict: 409,
  rate_limited: 429,
  unauthorized: 401,
  identity_unavailable: 503,
  forbidden: 403,
  payload_too_large: 413,
  invalid_config: 422,
  port_taken: 500,
  graph_load_failed: 422,
  ports_missing: 422,
  sandbox_unavailable: 422,
  secrets_key_missing: 422,
  model_not_configured: 422,
  replay_miss: 422,
  model_failed: 502,
  model_answer_unusable: 502,
  path_outside_workspace: 400,
  commit_unknown: 404,
  workspace_failed: 500,
  test_infrastructure: 500,
  deploy_failed: 409,
  secret_missing: 409,
  port_unavailable: 503,
  disk_full: 507,
  lease_lost: 500,
  job_timeout: 504,
  database_unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** What an error is answered with; a project's own auth chooses. */
export function statusOf(error: AppError): number {
  return error instanceof AuthRefusal ? error.status : STATUS[error.code];
}

/** Codes whose message may name hosts, files or statements of this machine; clients get these words instead. */
const HIDDEN: Partial<Record<ErrorCode, string>> = {
  internal: "Something went wrong in the server. Its log tells more under this request's x-request-id.",
  database_unavailable: "The database does not answer. Nothing was lost; try again in a moment.",
};

/** Headers that describe the answer itself, which a refusal cannot choose. */
const OF_THE_ANSWER = new Set(["connection", "content-encoding", "content-length", "content-type", "transfer-encoding"]);

/** Paths that are ours and answer errors as JSON; all others speak LangGraph's plain text. */
const OURS = /^\/(?:approvals|policies|events|projects|auth)(?:\/|$)/;

/** Whether errors under this path are JSON. */
export function isOurs(path: string): boolean {
  return OURS.test(path);
}

/**
 * Answers everything that was thrown: plain text or `{code, message, details}`, always with `x-error-code`.
 *
 * @param refused told of every refusal
 */
export function errorHandler(log: Log, refused?: (request: Request, error: AppError) => void): ErrorRequestHandler {
  return function answerError(thrown: unknown, request: Request, response: Response, _next: NextFunction): void {
    const error = fromExpress(thrown) ?? toAppError(thrown);
    const refusal = error instanceof AuthRefusal ? error : null;
    const status = statusOf(error);
    const facts = { code: error.code, status, method: request.method, path: request.path, request_id: response.get("x-request-id") };
    if (status >= 500) log.error({ ...facts, err: thrown }, "request failed");
    else log.debug({ ...facts, message: error.message }, "request refused");
    refused?.(request, error);
    // too late for a status: cut the connection, so that the client does not take a torn answer for a whole one
    if (response.headersSent) return void response.destroy();
    const body = refusal === null ? errorBody(error) : { code: error.code, message: error.message, details: {} };
    if (refusal !== null) for (const [name, value] of Object.entries(refusal.headers)) if (!OF_THE_ANSWER.has(name)) response.set(name, value);
    response.status(status).set(ERROR_CODE_HEADER, error.code);
    // what is away comes back; the SDK asks again by itself
    if (status === 503) response.set("retry-after", "1");
    if (status === 401 && refusal === null) response.set("www-authenticate", "Bearer");
    const { retry_after_seconds: seconds } = error.details;
    if (status === 429 && typeof seconds === "number") response.set("retry-after", String(seconds));
    if (isOurs(request.path)) response.json(body);
    else response.type("text/plain").send(body.message);
  };
}

/** What a client may read of an error. */
export function errorBody(error: AppError): ErrorBody {
  const hidden = HIDDEN[error.code];
  return hidden === undefined ? { code: error.code, message: error.message, details: error.details } : { code: error.code, message: hidden, details: {} };
}

/** Errors that Express and its body reader throw carry a 4xx `status`; their words are about the request. */
function fromExpress(thrown: unknown): AppError | null {
  if (isAppError(thrown) || typeof thrown !== "object" || thrown === null || !("status" in thrown)) return null;
  const { status } = thrown;
  if (status === 413) {
    const limit = "limit" in thrown && typeof thrown.limit === "number" ? thrown.limit : null;
    return new AppError("payload_too_large", `The request body is larger than ${limit ?? "is allowed"}${limit === null ? "" : " bytes"}.`, { cause: thrown });
  }
  if (typeof status !== "number" || status < 400 || status > 499) return null;
  const message =
    thrown instanceof URIError ? "The address is not well-formed percent-encoding." : thrown instanceof Error ? thrown.message : "Unreadable request.";
  return new AppError("invalid_request", message, { cause: thrown });
}
