import { isAppError, isConnectionLost } from "#errors";

export interface RunError {
  error: string;
  message: string;
}

/** How a failed run is told: the code of an AppError, the class of anything else, and the message. */
export function runErrorOf(error: unknown): RunError {
  if (isAppError(error)) return { error: error.code, message: error.message };
  if (error instanceof Error) return { error: error.name || "Error", message: error.message };
  return { error: "Error", message: typeof error === "string" ? error : (JSON.stringify(error) ?? "unknown") };
}

/** True when the error, or what it comes from, is a database that went away. */
export function isOutage(error: unknown): boolean {
  return isConnectionLost(error) || (isAppError(error) && isConnectionLost(error.cause));
}

/** True where the same may work a moment later: an AppError that says so, or a database that went away. A node's own error is final. */
export function isWorthRetrying(error: unknown): boolean {
  if (isAppError(error)) return !error.terminal || isOutage(error);
  return isConnectionLost(error);
}
