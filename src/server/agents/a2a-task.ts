/**
 * A task is what one message began: a run, and the runs that go on with it once it has asked something. Its id is that of its first run;
 * its context is the thread. Later runs bear it in their metadata, or are answers that somebody gave elsewhere (an inbox, a chat).
 *
 * pending → submitted, running → working, success → completed, or input-required when the thread waits; error and timeout → failed,
 * cancelled → canceled. An answer moves input-required to submitted again.
 */
import { Role, TaskState, type Message, type Task } from "@a2a-js/sdk";
import { TaskNotFoundError } from "@a2a-js/sdk/errors";
import { z } from "zod";
import { isAppError } from "#errors";
import type { Caller } from "#ports/caller.ts";
import type { Run } from "#protocol/wire.ts";
import { agentMessage, dataPart, textPart } from "./a2a-message.ts";
import { agentOutcome, type AgentOutcome, type AgentServices } from "./agent-run.ts";
import { agentText, questionText } from "./agent-text.ts";

/** In the metadata of a run that goes on with a task. */
export const TASK = "a2a_task";
const RUNS_LOOKED_AT = 1_000;

const STATE = {
  success: TaskState.TASK_STATE_COMPLETED,
  waiting: TaskState.TASK_STATE_INPUT_REQUIRED,
  error: TaskState.TASK_STATE_FAILED,
  cancelled: TaskState.TASK_STATE_CANCELED,
  going: TaskState.TASK_STATE_WORKING,
} as const satisfies Record<AgentOutcome["status"], TaskState>;

export interface FoundTask {
  readonly id: string;
  /** The run that the task stands at. */
  readonly run: Run;
  readonly outcome: AgentOutcome;
}

/** @throws TaskNotFoundError */
export async function findTask(services: AgentServices, caller: Caller, assistantId: string, taskId: string): Promise<FoundTask> {
  const first = await services.runs.get(caller, null, taskId).catch((error: unknown) => {
    if (isAppError(error) && (error.code === "not_found" || error.code === "invalid_request")) throw new TaskNotFoundError(taskId);
    throw error;
  });
  if (first.assistant_id !== assistantId || first.metadata[TASK] !== undefined) throw new TaskNotFoundError(taskId);
  const { items } = await services.runs.list(caller, first.thread_id, { limit: RUNS_LOOKED_AT, offset: 0 });
  const newest = items[0] ?? first;
  const after = items
    .slice(
      0,
      items.findIndex((run) => run.run_id === first.run_id),
    )
    .toReversed();
  const run = after.reduce((at, next) => (goesOn(next, taskId) ? next : at), first);
  const outcome = await agentOutcome(services, caller, run);
  if (newest.run_id === run.run_id) return { id: taskId, run, outcome };
  // the thread has moved on: what it holds now is another task's
  const [then] = await services.threads.history(caller, first.thread_id, { limit: 1, metadata: { run_id: run.run_id } });
  const status = outcome.status === "waiting" ? "success" : outcome.status;
  return { id: taskId, run, outcome: { ...outcome, status, questions: [], values: then?.values ?? null } };
}

const Resuming = z.object({ command: z.object({ resume: z.unknown().refine((resume) => resume !== undefined) }) });

function goesOn(run: Run, taskId: string): boolean {
  const task = run.metadata[TASK];
  return task === undefined ? Resuming.safeParse(run.kwargs).success : task === taskId;
}

export function isOver({ status }: AgentOutcome): boolean {
  return status === "success" || status === "error" || status === "cancelled";
}

/** @param historyLength how many of the conversation's messages the client wants to see; none unless it says so */
export function toTask({ id, outcome }: Pick<FoundTask, "id" | "outcome">, historyLength = 0): Task {
  const task = { id, contextId: outcome.threadId };
  return {
    ...task,
    status: { state: STATE[outcome.status], message: statusMessage(task, outcome), timestamp: outcome.updatedAt },
    artifacts: outcome.status === "success" ? [toArtifact(outcome)] : [],
    history: historyLength > 0 ? conversation(task, outcome.values).slice(-historyLength) : [],
    metadata: { run_id: outcome.runId },
  };
}

/** What a task came to: the last words of a conversation, or the values of any other graph. */
export function toArtifact(outcome: AgentOutcome) {
  const { values, runId } = outcome;
  const talks = typeof values === "object" && values !== null && "messages" in values;
  const parts = talks ? [textPart(agentText(values))] : [dataPart(values)];
  return { artifactId: `${runId}-result`, name: "result", description: "", parts, metadata: undefined, extensions: [] };
}

function statusMessage(task: { id: string; contextId: string }, outcome: AgentOutcome): Message | undefined {
  if (outcome.status === "waiting") {
    const asked = outcome.questions.map(({ id, value }) => dataPart({ id, value }));
    return agentMessage(task, `${outcome.runId}-question`, [textPart(questionText(outcome.questions)), ...asked]);
  }
  if (outcome.error !== null) return agentMessage(task, `${outcome.runId}-error`, [textPart(outcome.error)]);
  if (outcome.status === "success") return agentMessage(task, `${outcome.runId}-answer`, [textPart(agentText(outcome.values))]);
  return undefined;
}

const Spoken = z.object({ messages: z.array(z.object({ type: z.string(), id: z.string().nullish(), content: z.string() }).nullable().catch(null)) });

function conversation(task: { id: string; contextId: string }, values: unknown): Message[] {
  const spoken = Spoken.safeParse(values).data?.messages ?? [];
  return spoken.flatMap((message, place) => {
    if (message === null || !["human", "ai"].includes(message.type) || message.content === "") return [];
    const said = agentMessage(task, message.id ?? `${task.id}-${place}`, [textPart(message.content)]);
    return [{ ...said, role: message.type === "human" ? Role.ROLE_USER : Role.ROLE_AGENT }];
  });
}
