import type { Response } from "express";

/** A signal that aborts when the client goes away before the answer is finished. Never aborts after a finished answer. */
export function disconnectSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
