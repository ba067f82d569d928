import { isAppError, type ErrorCode } from "#errors";
import type { Done } from "#graphs/devops/state.ts";
import type { DeployOutcome } from "#ports/releases.ts";

/** What the releases port refuses for good is a result with a reason, not a broken run. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "deploy_failed",
  "invalid_request",
  "secret_missing",
  "conflict",
  "not_found",
  "commit_unknown",
  "disk_full",
  "sandbox_unavailable",
  "secrets_key_missing",
]);

/** The outcome, or the reason why there can be none; null: nobody approved it. */
export async function orReason<T>(outcome: Promise<T>): Promise<T | string | null> {
  try {
    return await outcome;
  } catch (error) {
    if (isAppError(error) && error.code === "decision_missing") return null;
    if (isAppError(error) && REFUSALS.has(error.code)) return error.message;
    throw error;
  }
}

const LOG_LIMIT = 4_000;

/** What the state keeps of an outcome. */
export function doneBy(outcome: DeployOutcome, release: { id: string; number: number }): Done {
  const serves = outcome.serving !== null;
  return {
    status: outcome.status,
    releaseId: release.id,
    releaseNumber: release.number,
    url: serves ? outcome.url : null,
    directUrl: serves ? outcome.directUrl : null,
    evidence: outcome.evidence.map(({ phase, ok, message }) => ({ phase, ok, message })),
    logTail: outcome.logTail.slice(-LOG_LIMIT),
  };
}
