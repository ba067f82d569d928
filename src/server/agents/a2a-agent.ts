import { Role, TaskState, type AgentCard, type Message, type SendMessageRequest, type StreamResponse, type Task } from "@a2a-js/sdk";
import {
  PushNotificationNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from "@a2a-js/sdk/errors";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { v7 as uuid } from "uuid";
import { AppError, isAppError, toAppError } from "#errors";
import type { Log } from "#log";
import type { Caller } from "#ports/caller.ts";
import type { Services } from "#ports/services.ts";
import type { RunStream } from "#ports/services/runs.ts";
import { Id } from "#protocol/fields.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Assistant } from "#protocol/wire.ts";
import { errorBody } from "../middleware/error-handler.ts";
import { resumeFor } from "./agent-answer.ts";
import { dataOfParts, textOfParts } from "./a2a-message.ts";
import { findTask, isOver, TASK, toArtifact, toTask } from "./a2a-task.ts";
import { agentSteps } from "./agent-run.ts";

export interface A2aAgentOptions {
  readonly services: Services;
  readonly log: Log;
  readonly caller: Caller;
  readonly assistant: Assistant;
  readonly card: AgentCard;
  readonly headers: Record<string, string>;
  /** Aborts when the client goes away. What it began goes on; `tasks/resubscribe` finds it. */
  readonly signal: AbortSignal;
  /** Told of what failed before it is put into the protocol's words, with the ids that were asked for. */
  readonly refused: (error: unknown, named: string[]) => void;
}

interface Begun {
  taskId: string;
  threadId: string;
  stream: RunStream;
}

/** One assistant as an A2A agent, for one request. */
export function a2aAgent({ services, log, caller, assistant, card, headers, signal, refused }: A2aAgentOptions): A2ARequestHandler {
  const { runs } = services;
  const find = (taskId: string) =>
    findTask(services, caller, assistant.assistant_id, taskId).catch((error: unknown) => {
      if (error instanceof TaskNotFoundError) refused(new AppError("not_found", error.message), [taskId]);
      throw error;
    });

  async function begin({ message }: SendMessageRequest): Promise<Begun> {
    if (message === undefined || message.parts.length === 0) throw new RequestMalformedError("A message needs parts.");
    const { threadId, taskId, create } = message.taskId === "" ? await first(message) : await answer(message);
    const { run, stream } = await runs.stream(
      caller,
      threadId,
      { ...create, assistant_id: assistant.assistant_id, stream_mode: ["updates"], on_disconnect: "continue" },
      { headers, signal },
    );
    return { taskId: taskId ?? run.run_id, threadId, stream };
  }

  async function first(message: Message): Promise<{ threadId: string; taskId: null; create: Omit<RunCreate, "assistant_id"> }> {
    const contextId = message.contextId === "" ? uuid() : Id.safeParse(message.contextId).data;
    if (contextId === undefined) throw new RequestMalformedError("A contextId is a thread's id, which is a UUID; leave it out for a new one.");
    const metadata = { source: "a2a" };
    return { threadId: contextId, taskId: null, create: { input: await inputOf(message), if_not_exists: "create", multitask_strategy: "enqueue", metadata } };
  }

  async function answer(message: Message): Promise<{ threadId: string; taskId: string; create: Omit<RunCreate, "assistant_id"> }> {
    const { id, outcome } = await find(message.taskId);
    if (message.contextId !== "" && message.contextId.toLowerCase() !== outcome.threadId)
      throw new RequestMalformedError("The task belongs to another context.");
    if (outcome.status !== "waiting")
      throw new UnsupportedOperationError(`The task takes no message: it is ${outcome.status === "going" ? "at work" : "over"}.`);
    const data = dataOfParts(message.parts);
    const thread = await services.threads.get(caller, outcome.threadId);
    const resume = resumeFor(thread, data === undefined ? textOfParts(message.parts) : data);
    return { threadId: outcome.threadId, taskId: id, create: { command: { resume }, metadata: { source: "a2a", [TASK]: id } } };
  }

  /** Text is the next message of a conversation; JSON is the graph's input. */
  async function inputOf(message: Message): Promise<Record<string, unknown>> {
    const text = textOfParts(message.parts);
    const data = dataOfParts(message.parts);
    if (data !== undefined && (typeof data !== "object" || data === null || Array.isArray(data))) throw new RequestMalformedError("A data part is an object.");
    const input = { ...data };
    if (text === null) return input;
    const { input_schema: schema } = await services.assistants.schemas(caller, assistant.assistant_id);
    if (!takesMessages(schema)) throw new RequestMalformedError("This agent keeps no conversation: send its input as a data part.");
    return { ...input, messages: [{ type: "human", content: text, ...(message.messageId === "" ? {} : { id: message.messageId }) }] };
  }

  async function* events({ taskId, threadId, stream }: Begun): AsyncGenerator<StreamResponse, void, undefined> {
    for await (const nodes of agentSteps(stream)) {
      const status = { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: new Date().toISOString() };
      yield { payload: { $case: "statusUpdate", value: { taskId, contextId: threadId, status, metadata: { steps: nodes } } } };
    }
    if (signal.aborted) return;
    const found = await find(taskId);
    const { status } = toTask(found);
    if (found.outcome.status === "success") {
      const artifact = toArtifact(found.outcome);
      yield { payload: { $case: "artifactUpdate", value: { taskId, contextId: threadId, artifact, append: false, lastChunk: true, metadata: undefined } } };
    }
    yield { payload: { $case: "statusUpdate", value: { taskId, contextId: threadId, status, metadata: undefined } } };
  }

  const toldError = (error: unknown) => {
    if (isAppError(error)) refused(error, []);
    return toA2aError(error, log);
  };
  const said = <T>(work: () => Promise<T>): Promise<T> => work().catch((error: unknown) => Promise.reject(toldError(error)));
  async function* saidEach(work: () => AsyncGenerator<StreamResponse, void, undefined>): AsyncGenerator<StreamResponse, void, undefined> {
    try {
      yield* work();
    } catch (error) {
      throw toldError(error);
    }
  }
  const noPush = () => Promise.reject(new PushNotificationNotSupportedError());

  return {
    getAgentCard: async () => card,
    getAuthenticatedExtendedAgentCard: async () => card,
    sendMessage: (request) =>
      said(async () => {
        const begun = await begin(request);
        if (request.configuration?.returnImmediately !== true) for await (const _ of begun.stream);
        return toTask(await find(begun.taskId), request.configuration?.historyLength);
      }),
    sendMessageStream: (request) =>
      saidEach(async function* () {
        const begun = await begin(request);
        yield { payload: { $case: "task", value: { ...begunTask(begun), history: request.message ? [ofTask(request.message, begun)] : [] } } };
        yield* events(begun);
      }),
    getTask: ({ id, historyLength }) => said(async () => toTask(await find(id), historyLength)),
    cancelTask: ({ id }) =>
      said(async () => {
        const { run, outcome } = await find(id);
        if (outcome.status !== "going")
          throw new TaskNotCancelableError(`Nothing of the task is under way: it is ${outcome.status === "waiting" ? "waiting for an answer" : "over"}.`);
        await runs.cancel(caller, run.thread_id, run.run_id, { action: "interrupt", wait: true });
        return toTask(await find(id));
      }),
    resubscribe: ({ id }) =>
      saidEach(async function* () {
        const found = await find(id);
        if (isOver(found.outcome)) throw new UnsupportedOperationError("The task is over; tasks/get has its result.");
        yield { payload: { $case: "task", value: toTask(found) } };
        if (found.outcome.status !== "going") return;
        const { run_id: runId, thread_id: threadId } = found.run;
        const stream = await runs.joinStream(caller, threadId, runId, { lastEventId: null, cancelOnDisconnect: false, streamModes: ["updates"], signal });
        yield* events({ taskId: id, threadId, stream });
      }),
    listTasks: () => Promise.reject(new UnsupportedOperationError("Tasks are listed as the runs of their threads, by the LangGraph API.")),
    createTaskPushNotificationConfig: noPush,
    getTaskPushNotificationConfig: noPush,
    listTaskPushNotificationConfigs: noPush,
    deleteTaskPushNotificationConfig: noPush,
  };
}

function begunTask({ taskId, threadId }: Begun): Task {
  const status = { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: new Date().toISOString() };
  return { id: taskId, contextId: threadId, status, artifacts: [], history: [], metadata: undefined };
}

function ofTask(message: Message, { taskId, threadId }: Begun): Message {
  return { ...message, taskId, contextId: threadId, role: Role.ROLE_USER };
}

function takesMessages(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null || !("properties" in schema)) return false;
  return typeof schema.properties === "object" && schema.properties !== null && "messages" in schema.properties;
}

/** In A2A's words, without what clients must not see. */
function toA2aError(thrown: unknown, log: Log): unknown {
  if (!isAppError(thrown) && thrown instanceof Error && Object.values(A2A_ERRORS).some((kind) => thrown instanceof kind)) return thrown;
  const error: AppError = toAppError(thrown);
  const { message } = errorBody(error);
  if (error.code === "internal" || error.code === "database_unavailable") log.error({ err: thrown }, "an A2A request failed");
  if (error.code === "not_found") return new TaskNotFoundError(message);
  if (error.code === "invalid_request" || error.code === "unreadable_answer" || error.code === "resume_ambiguous") return new RequestMalformedError(message);
  if (error.terminal) return new UnsupportedOperationError(message);
  return new Error(message);
}

const A2A_ERRORS = { PushNotificationNotSupportedError, RequestMalformedError, TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError };
