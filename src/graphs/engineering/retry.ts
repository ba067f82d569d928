import type { RetryPolicy } from "@langchain/langgraph";
import { isAppError } from "#errors";

/** Failures of the machine, not of the work: they pass, or a person is told; they never cost a round. */
const PASSING = new Set(["model_failed", "test_infrastructure", "workspace_failed", "database_unavailable"]);

const isPassing = (error: unknown): boolean => isAppError(error) && PASSING.has(error.code) && error.details["retryable"] !== false;

export const RETRY_PASSING: RetryPolicy = {
  maxAttempts: 3,
  initialInterval: 500,
  backoffFactor: 3,
  maxInterval: 10_000,
  retryOn: isPassing,
  logWarning: false,
};
