import { isAppError } from "#errors";

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

const CONNECTION_LOST = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "57P01",
  "57P02",
  "57P03",
  "40P01",
  "40001",
  "53300",
]);

/** True where the same may work a moment later: an AppError that says so, or a database that went away. A node's own error is final. */
export function isWorthRetrying(error: unknown): boolean {
  if (isAppError(error)) return !error.terminal || (error.cause !== undefined && isConnectionLost(error.cause));
  return isConnectionLost(error);
}

export function isConnectionLost(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return CONNECTION_LOST.has(String(error.code)) && ("query" in error || "severity" in error || "address" in error || String(error.code).startsWith("CONNECT"));
}
