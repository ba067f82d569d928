import type { Response } from "express";
import { AppError, toAppError } from "#errors";
import type { Log } from "#log";
import { errorBody } from "./middleware/error-handler.ts";

const KEEP_ALIVE_MS = 1_000;

/**
 * Answers with the JSON of a value that may take long: newlines, which JSON allows in front, keep the connection alive meanwhile.
 * Headers go out at once when `early` is set (the run exists and its address is worth having), else with the first newline, so that
 * a quick refusal still gets its status. A failure after the headers is told as a failed run is: `{__error__: {error, message}}`.
 */
export async function sendWaitingJson(response: Response, value: Promise<unknown>, options: { log: Log; early: boolean; keepAliveMs?: number }): Promise<void> {
  response.status(200).type("application/json");
  if (options.early) response.flushHeaders();
  const keepAlive = setInterval(() => {
    if (response.writable && !response.writableNeedDrain) response.write("\n");
  }, options.keepAliveMs ?? KEEP_ALIVE_MS);
  try {
    response.end(toJson(await value));
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!response.headersSent) throw error;
    if (error.code === "internal") options.log.error({ err: thrown, request_id: response.get("x-request-id") }, "waiting for a run failed");
    response.end(toJson({ __error__: { error: error.code, message: errorBody(error).message } }));
  } finally {
    clearInterval(keepAlive);
  }
}

function toJson(value: unknown): string {
  const text: unknown = JSON.stringify(value ?? null);
  if (typeof text !== "string") throw new AppError("internal", "the value has no JSON form");
  return text;
}
