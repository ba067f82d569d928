/**
 * The closed set of things that can go wrong and are worth a name. `AppError` is what crosses rooms and,
 * through `server/middleware/error-handler.ts`, the wire. LangGraph's `GraphBubbleUp` is control flow, never an AppError.
 *
 * `terminal` codes are never retried by the worker: the same input would fail the same way.
 */
export const ERROR_CODES = {
  // what a client sent
  invalid_request: { terminal: true },
  unreadable_answer: { terminal: true },
  not_found: { terminal: true },
  conflict: { terminal: true },
  thread_busy: { terminal: true },
  nothing_to_resume: { terminal: true },
  resume_ambiguous: { terminal: true },
  already_decided: { terminal: true },
  decision_missing: { terminal: true },
  idempotency_conflict: { terminal: true },
  rate_limited: { terminal: true },
  unauthorized: { terminal: true },
  identity_unavailable: { terminal: false },
  forbidden: { terminal: true },
  payload_too_large: { terminal: true },
  // how it is set up
  invalid_config: { terminal: true },
  port_taken: { terminal: true },
  graph_load_failed: { terminal: true },
  ports_missing: { terminal: true },
  sandbox_unavailable: { terminal: true },
  secrets_key_missing: { terminal: true },
  // models
  model_not_configured: { terminal: true },
  replay_miss: { terminal: true },
  model_failed: { terminal: false },
  model_answer_unusable: { terminal: true },
  // delivery
  path_outside_workspace: { terminal: true },
  commit_unknown: { terminal: true },
  workspace_failed: { terminal: false },
  test_infrastructure: { terminal: false },
  deploy_failed: { terminal: true },
  secret_missing: { terminal: true },
  port_unavailable: { terminal: false },
  disk_full: { terminal: true },
  // durability
  lease_lost: { terminal: true },
  job_timeout: { terminal: true },
  database_unavailable: { terminal: false },
  internal: { terminal: false },
} as const satisfies Record<string, { terminal: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

const MARK = Symbol.for("slipway.AppError");

export interface AppErrorOptions {
  cause?: unknown;
  /** JSON-safe facts for the caller; never a secret, a DSN or a stack. */
  details?: Record<string, unknown>;
}

/** An error with a code from the closed set and a message that says what to do next. */
export class AppError extends Error {
  readonly [MARK] = true;
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details ?? {};
  }

  get terminal(): boolean {
    return ERROR_CODES[this.code].terminal;
  }
}

/** True for an AppError of this or another copy of the module. */
export function isAppError(error: unknown): error is AppError {
  return typeof error === "object" && error !== null && MARK in error;
}

/** Codes of PostgreSQL and of its driver that pass by themselves: it restarts, fails over, is full for a moment, or undid one side of a deadlock. */
const PASSING = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "08000",
  "08001",
  "08003",
  "08006",
  "25006",
  "57P01",
  "57P02",
  "57P03",
  "40P01",
  "40001",
  "53300",
]);

/** True for what a connection to a database says when the server goes away or asks to try again: the same may work a moment later. */
export function isConnectionLost(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return PASSING.has(String(error.code)) && ("query" in error || "severity" in error || "address" in error || String(error.code).startsWith("CONNECT"));
}

/** Turns anything thrown into an AppError: itself when it is one, `database_unavailable` or `internal` otherwise (the cause is kept). */
export function toAppError(error: unknown): AppError {
  if (isAppError(error)) return error;
  if (isConnectionLost(error)) return new AppError("database_unavailable", "The database does not answer.", { cause: error });
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") {
    return new AppError("disk_full", "The disk is full. Free some space and run it again; nothing was lost.", { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new AppError("internal", message, { cause: error });
}
