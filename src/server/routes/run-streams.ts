import type { Request, Response, Router } from "express";
import { z } from "zod";
import { AppError, isAppError, type ErrorCode } from "#errors";
import type { Caller } from "#ports/caller.ts";
import { ERROR_CODE_HEADER, type StreamErrorData } from "#protocol/errors.ts";
import { JoinQuery, JoinStreamQuery, parseLastEventId, RunPath, RunRequest, StatelessRunPath } from "#protocol/runs.ts";
import { ThreadPath } from "#protocol/threads.ts";
import type { RouteContext } from "../context.ts";
import { createdWith } from "../created-with.ts";
import { disconnectSignal } from "../disconnect.ts";
import { endpoints } from "../endpoint.ts";
import { IDEMPOTENCY_KEY } from "../idempotency-key.ts";
import { eventStream, json, RUN_ADDRESS } from "../openapi/answers.ts";
import { setRunAddress } from "../run-address.ts";
import { formatFrame, openEventStream, sendEvents } from "../sse.ts";
import { sendWaitingJson } from "../waiting-json.ts";

const LAST_EVENT_ID = { "last-event-id": "Id of the last event that was seen; -1: from the start of what is kept." };
const EVENTS = eventStream("The run's events, until it is over.", { runAddress: true });
const VALUES = json(
  z.unknown(),
  "The thread's values, or `{__error__: {error, message}}` of a run that failed. Newlines in front keep the connection alive.",
  RUN_ADDRESS,
);

type RunInput = z.output<typeof RunRequest>;
type Follow = z.output<typeof JoinStreamQuery>;
interface Asked {
  who: Caller;
  request: Request;
  response: Response;
}

/** Runs that a client follows: event streams and answers that wait for the end. */
export function runStreamRoutes({ services: { runs, threads }, caller, log, stream: streamOptions, tellDenial }: RouteContext): Router {
  const { router, get, post } = endpoints("Runs", caller);
  const sse = { log, ...streamOptions };

  async function createAndStream({ who, request, response }: Asked, threadId: string | null, input: RunInput): Promise<void> {
    const signal = disconnectSignal(response);
    const { run, stream } = await runs.stream(who, threadId, input, { ...createdWith(request), signal });
    setRunAddress(response, threadId, run.run_id, "stream");
    await sendEvents(response, stream, sse);
  }

  async function createAndWait({ who, request, response }: Asked, threadId: string | null, input: RunInput): Promise<void> {
    const signal = disconnectSignal(response);
    const { run, values } = await runs.wait(who, threadId, input, { ...createdWith(request), signal });
    // a stateless run has no address at which its values could be waited for again
    setRunAddress(response, threadId, run.run_id, threadId === null ? undefined : "join");
    // the SDK looks into the answer: for a run that was cancelled it must be an object too
    await sendWaitingJson(response, values, { log, early: true });
  }

  async function joinStream({ who, request, response }: Asked, threadId: string | null, runId: string, follow: Follow): Promise<void> {
    const { cancel_on_disconnect: cancelOnDisconnect, stream_mode: streamModes } = follow;
    const lastEventId = parseLastEventId(request.get("last-event-id"));
    if (lastEventId === undefined)
      throw new AppError("invalid_request", "Last-Event-ID must be the id of an event of this run, or -1 for the start of its buffer.");
    const signal = disconnectSignal(response);
    try {
      const stream = await runs.joinStream(who, threadId, runId, { lastEventId, cancelOnDisconnect, streamModes, signal });
      setRunAddress(response, threadId, runId, "stream");
      await sendEvents(response, stream, sse);
    } catch (error) {
      if (!isNotFound(error) || response.headersSent) throw error;
      tellDenial?.(request, error);
      const threadIsThere = threadId === null || (await threads.get(who, threadId).then(Boolean, (missing: unknown) => !isNotFound(missing)));
      sendNotFoundEvent(response, threadIsThere ? "Run not found" : "Thread not found");
    }
  }

  post(
    "/threads/:thread_id/runs/stream",
    { summary: "Start a run and follow it", path: ThreadPath, body: RunRequest, headers: IDEMPOTENCY_KEY, answers: EVENTS },
    (asked) => createAndStream(asked, asked.path.thread_id, asked.body),
  );
  post("/runs/stream", { summary: "Start a run without a thread and follow it", body: RunRequest, headers: IDEMPOTENCY_KEY, answers: EVENTS }, (asked) =>
    createAndStream(asked, null, asked.body),
  );
  post(
    "/threads/:thread_id/runs/wait",
    { summary: "Start a run and wait for its end", path: ThreadPath, body: RunRequest, headers: IDEMPOTENCY_KEY, answers: VALUES },
    (asked) => createAndWait(asked, asked.path.thread_id, asked.body),
  );
  post("/runs/wait", { summary: "Start a run without a thread and wait for its end", body: RunRequest, headers: IDEMPOTENCY_KEY, answers: VALUES }, (asked) =>
    createAndWait(asked, null, asked.body),
  );

  get(
    "/threads/:thread_id/runs/:run_id/join",
    { summary: "Wait for the end of a run", path: RunPath, query: JoinQuery, answers: VALUES },
    async ({ who, path: { thread_id, run_id }, query: { cancel_on_disconnect: cancelOnDisconnect }, response }) => {
      const values = runs.join(who, thread_id, run_id, { cancelOnDisconnect, signal: disconnectSignal(response) });
      await sendWaitingJson(response, values, { log, early: false });
    },
  );

  get(
    "/threads/:thread_id/runs/:run_id/stream",
    { summary: "Follow a run", path: RunPath, query: JoinStreamQuery, headers: LAST_EVENT_ID, answers: EVENTS },
    (asked) => joinStream(asked, asked.path.thread_id, asked.path.run_id, asked.query),
  );
  get(
    "/runs/:run_id/stream",
    { summary: "Follow a run without a thread", path: StatelessRunPath, query: JoinStreamQuery, headers: LAST_EVENT_ID, answers: EVENTS },
    (asked) => joinStream(asked, null, asked.path.run_id, asked.query),
  );

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
