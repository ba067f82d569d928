import { Router, type Request, type Response } from "express";
import { AppError, isAppError, type ErrorCode } from "#errors";
import { ERROR_CODE_HEADER, type StreamErrorData } from "#protocol/errors.ts";
import { JoinQuery, JoinStreamQuery, parseLastEventId, RunPath, RunRequest, StatelessRunPath } from "#protocol/runs.ts";
import { ThreadPath } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { createdWith } from "../created-with.ts";
import { disconnectSignal } from "../disconnect.ts";
import { parse } from "../parse.ts";
import { setRunAddress } from "../run-address.ts";
import { formatFrame, openEventStream, sendEvents } from "../sse.ts";
import { sendWaitingJson } from "../waiting-json.ts";

/** Runs that a client follows: event streams and answers that wait for the end. */
export function runStreamRoutes({ services: { runs, threads }, caller, log, stream: streamOptions }: RouteContext): Router {
  const router = Router();
  const sse = { log, ...streamOptions };

  async function createAndStream(request: Request, response: Response, threadId: string | null): Promise<void> {
    const input = parse(RunRequest, request.body, "body");
    const signal = disconnectSignal(response);
    const { run, stream } = await runs.stream(caller(request), threadId, input, { ...createdWith(request), signal });
    setRunAddress(response, threadId, run.run_id, "stream");
    await sendEvents(response, stream, sse);
  }

  async function createAndWait(request: Request, response: Response, threadId: string | null): Promise<void> {
    const input = parse(RunRequest, request.body, "body");
    const who = caller(request);
    const signal = disconnectSignal(response);
    const run = await runs.create(who, threadId, input, createdWith(request));
    // a stateless run has no address at which its values could be waited for again
    setRunAddress(response, threadId, run.run_id, threadId === null ? undefined : "join");
    const cancelOnDisconnect = input.on_disconnect === "cancel";
    await sendWaitingJson(response, runs.join(who, threadId, run.run_id, { cancelOnDisconnect, signal }), { log, early: true });
  }

  async function joinStream(request: Request, response: Response, threadId: string | null, runId: string): Promise<void> {
    const { cancel_on_disconnect: cancelOnDisconnect, stream_mode: streamModes } = parse(JoinStreamQuery, request.query, "query");
    const lastEventId = parseLastEventId(request.get("last-event-id"));
    if (lastEventId === undefined)
      throw new AppError("invalid_request", "Last-Event-ID must be the id of an event of this run, or -1 for the start of its buffer.");
    const signal = disconnectSignal(response);
    try {
      const stream = await runs.joinStream(caller(request), threadId, runId, { lastEventId, cancelOnDisconnect, streamModes, signal });
      setRunAddress(response, threadId, runId, "stream");
      await sendEvents(response, stream, sse);
    } catch (error) {
      if (!isNotFound(error) || response.headersSent) throw error;
      const threadIsThere = threadId === null || (await threads.get(caller(request), threadId).then(Boolean, (missing: unknown) => !isNotFound(missing)));
      sendNotFoundEvent(response, threadIsThere ? "Run not found" : "Thread not found");
    }
  }

  router.post("/threads/:thread_id/runs/stream", (request, response) =>
    createAndStream(request, response, parse(ThreadPath, request.params, "path").thread_id),
  );
  router.post("/runs/stream", (request, response) => createAndStream(request, response, null));
  router.post("/threads/:thread_id/runs/wait", (request, response) => createAndWait(request, response, parse(ThreadPath, request.params, "path").thread_id));
  router.post("/runs/wait", (request, response) => createAndWait(request, response, null));

  router.get("/threads/:thread_id/runs/:run_id/join", async (request, response) => {
    const { thread_id, run_id } = parse(RunPath, request.params, "path");
    const { cancel_on_disconnect: cancelOnDisconnect } = parse(JoinQuery, request.query, "query");
    const values = runs.join(caller(request), thread_id, run_id, { cancelOnDisconnect, signal: disconnectSignal(response) });
    await sendWaitingJson(response, values, { log, early: false });
  });

  router.get("/threads/:thread_id/runs/:run_id/stream", (request, response) => {
    const { thread_id, run_id } = parse(RunPath, request.params, "path");
    return joinStream(request, response, thread_id, run_id);
  });
  router.get("/runs/:run_id/stream", (request, response) => joinStream(request, response, null, parse(StatelessRunPath, request.params, "path").run_id));

  return router;
}

function isNotFound(error: unknown): boolean {
  return isAppError(error) && error.code === "not_found";
}

/** Joining the stream of what is not there is answered inside the stream, in the peer's words: clients of v1 assert them, and stop. */
function sendNotFoundEvent(response: Response, what: string): void {
  const data: StreamErrorData = { error: "Error", message: `404: ${what}` };
  response.set(ERROR_CODE_HEADER, "not_found" satisfies ErrorCode);
  openEventStream(response);
  response.end(formatFrame({ event: "error", data: JSON.stringify(data), id: "0" }));
}
