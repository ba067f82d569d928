import type { Response } from "express";

/**
 * Tells a client where its run lives. `Content-Location` is how clients learn the run's id before the first event; `Location`, a path,
 * is where the SDK comes back to when the connection breaks.
 *
 * @param threadId null for a stateless run, whose thread is not the client's business
 */
export function setRunAddress(response: Response, threadId: string | null, runId: string, follow?: "stream" | "join"): void {
  const address = threadId === null ? `/runs/${runId}` : `/threads/${threadId}/runs/${runId}`;
  response.set("content-location", address);
  if (follow !== undefined) response.set("location", `${address}/${follow}`);
}
