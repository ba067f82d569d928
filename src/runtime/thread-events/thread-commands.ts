import { z } from "zod";
import { findThread } from "#db/queries/find-thread.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { type ErrorCode, isAppError } from "#errors";
import { permit } from "#governance/permit.ts";
import type { Caller } from "#ports/caller.ts";
import type { RunsService } from "#ports/services/runs.ts";
import type { ThreadProtocolService } from "#ports/services/thread-protocol.ts";
import type { ThreadsService } from "#ports/services/threads.ts";
import { RunCreate } from "#protocol/run-create.ts";
import {
  type Command,
  type CommandAnswer,
  type CommandErrorCode,
  InputRespondMany,
  InputRespondOne,
  ListCheckpointsParams,
  RunStartParams,
  StateForkParams,
  StateGetParams,
} from "#protocol/v2/commands.ts";
import { mustBeThreadId } from "../must-find.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { agentTree } from "./agent-tree.ts";
import { readFrameName } from "./event-frame.ts";
import { followThread, isWanted, keptEvents, mustBeVisible, wireFrame } from "./follow-thread.ts";

type Extra = { headers: Record<string, string> };
type Result = Record<string, unknown>;
type Handler = (caller: Caller, threadId: string, params: unknown, extra: Extra) => Promise<Result>;

/** A command that cannot be done, in the protocol's words: an answer, not an error of the request. */
class CommandRefused extends Error {
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** How long a run may take from its question to its end. */
const PAUSING_MS = 3_000;
const LOOK_AGAIN_MS = 25;

/** What a run's start can go wrong with that the protocol has a word for. The rest stays an HTTP error. */
const WORDS: Partial<Record<ErrorCode, CommandErrorCode>> = {
  invalid_request: "invalid_argument",
  unreadable_answer: "invalid_argument",
  resume_ambiguous: "invalid_argument",
  nothing_to_resume: "invalid_argument",
  already_decided: "no_such_interrupt",
};

/** Protocol v2 over the run table and the bus; nothing is kept in this process, so any process answers any command. */
export function makeThreadProtocol(context: RuntimeContext, services: { runs: RunsService; threads: ThreadsService }): ThreadProtocolService {
  const { runs, threads } = services;

  async function accessOf(caller: Caller, threadId: string) {
    return (await permit(caller, "threads:read", { thread_id: threadId })).access;
  }

  async function find(caller: Caller, threadId: string): Promise<ThreadRow | null> {
    const access = await accessOf(caller, threadId);
    await mustBeVisible(context, threadId, access);
    return findThread(context.database.sql, threadId, access);
  }

  /** The thread and the assistant that ran on it last. */
  async function findBound(caller: Caller, threadId: string): Promise<{ thread: ThreadRow; assistantId: string }> {
    const thread = await find(caller, threadId);
    if (thread === null || thread.assistant_id === null) throw new CommandRefused("no_such_run", "Thread has no active assistant; call run.start first.");
    return { thread, assistantId: thread.assistant_id };
  }

  /** A question is told before the run that asks it has ended; who answers at once is made to wait for that end. */
  async function findAsking(caller: Caller, threadId: string, ids: readonly string[]): ReturnType<typeof findBound> {
    const until = performance.now() + PAUSING_MS;
    for (;;) {
      const bound = await findBound(caller, threadId);
      const waiting = idsOf(bound.thread);
      if (bound.thread.status !== "busy" || ids.every((id) => waiting.has(id)) || performance.now() > until) return bound;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  function start(caller: Caller, threadId: string, request: Record<string, unknown>, extra: Extra) {
    const input = RunCreate.parse({ multitask_strategy: "enqueue", ...request, stream_resumable: true });
    return runs.create(caller, threadId, input, { ...extra, threadEvents: true });
  }

  const handlers: Record<string, Handler> = {
    async "run.start"(caller, threadId, given, extra) {
      const { multitaskStrategy, input, config, ...params } = RunStartParams.parse(given);
      const thread = await find(caller, threadId);
      const forks = typeof (config?.["configurable"] as Result | undefined)?.["checkpoint_id"] === "string";
      const asks = thread?.status === "interrupted" && Object.keys(thread.interrupts).length > 0;
      // where a question waits, what comes is its answer; an earlier checkpoint has its own questions
      const resumes = asks && !forks && input !== null && input !== undefined;
      const run = await start(
        caller,
        threadId,
        {
          ...params,
          config,
          ...(resumes ? { command: { resume: input } } : { input }),
          if_not_exists: "create",
          ...(multitaskStrategy ? { multitask_strategy: multitaskStrategy } : {}),
        },
        extra,
      );
      return { run_id: run.run_id };
    },

    async "input.respond"(caller, threadId, given, extra) {
      const { replies, update, goto, config, metadata } = readReplies(given);
      const { thread, assistantId } = await findAsking(
        caller,
        threadId,
        replies.map((reply) => reply.interrupt_id),
      );
      const waiting = idsOf(thread);
      if (waiting.size === 0) throw new CommandRefused("invalid_argument", "input.respond can only be used while the run is interrupted.");
      const unknown = replies.find((reply) => !waiting.has(reply.interrupt_id));
      if (unknown !== undefined) throw new CommandRefused("no_such_interrupt", `Interrupt ${unknown.interrupt_id} is not waiting on this thread.`);
      const resume = Object.fromEntries(replies.map((reply) => [reply.interrupt_id, reply.response ?? null]));
      await start(caller, threadId, { assistant_id: assistantId, command: { resume, update, goto }, config, metadata }, extra);
      return {};
    },

    async "state.get"(caller, threadId, given) {
      const { keys, namespace } = StateGetParams.parse(given);
      const checkpoint = namespace && namespace.length > 0 ? { checkpoint: { checkpoint_ns: namespace.join("|") } } : {};
      const state = await threads.state(caller, threadId, { subgraphs: false, ...checkpoint });
      const { checkpoint_id: id, checkpoint_ns: ns } = state.checkpoint ?? {};
      return { values: pick(state.values, keys ?? null), ...(id ? { checkpoint: { id, ...(ns === undefined ? {} : { ns }) } } : {}) };
    },

    async "state.listCheckpoints"(caller, threadId, given) {
      const { namespace, limit, before } = ListCheckpointsParams.parse(given);
      const history = await threads.history(caller, threadId, {
        limit: limit ?? 10,
        ...(before ? { before: { checkpoint_id: before } } : {}),
        ...(namespace && namespace.length > 0 ? { checkpoint: { checkpoint_ns: namespace.join("|") } } : {}),
      });
      return {
        checkpoints: history.map(({ checkpoint, created_at: timestamp, metadata }) => ({
          id: checkpoint?.checkpoint_id,
          timestamp,
          step: metadata["step"],
          metadata,
        })),
      };
    },

    async "state.fork"(caller, threadId, given, extra) {
      const { checkpoint_id: checkpointId, input, config } = StateForkParams.parse(given);
      const { assistantId } = await findBound(caller, threadId);
      try {
        const run = await start(caller, threadId, { assistant_id: assistantId, input, config, checkpoint: { checkpoint_id: checkpointId } }, extra);
        return { run_id: run.run_id, thread_id: threadId };
      } catch (error) {
        if (isAppError(error) && error.code === "not_found") throw new CommandRefused("no_such_checkpoint", error.message);
        throw error;
      }
    },

    async "agent.getTree"(caller, threadId) {
      const thread = await find(caller, threadId);
      if (thread === null || thread.assistant_id === null) throw new CommandRefused("no_such_run", "No active run is bound to this thread.");
      const tree = await agentTree(keptEvents(context, threadId, 0, AbortSignal.timeout(30_000)));
      return { tree: tree ?? { namespace: [], status: STANDS[thread.status], graph_name: thread.graph_id ?? "root" } };
    },

    async "input.inject"() {
      throw new CommandRefused("not_supported", "LangGraph takes no input into a run that is on. Use run.start: it waits for its turn, or interrupts.");
    },

    async "subscription.unsubscribe"(_caller, _threadId, given) {
      const id = (given as { subscription_id?: unknown }).subscription_id;
      if (typeof id !== "string") throw new CommandRefused("invalid_argument", "subscription.unsubscribe requires a subscription_id.");
      throw new CommandRefused("no_such_subscription", `Unknown subscription: ${id}`);
    },
    "subscription.subscribe": onlyOverWebSocket,
    "subscription.reconnect": onlyOverWebSocket,
  };

  return {
    async command(caller, threadId, command, extra) {
      mustBeThreadId(threadId);
      const handle = Object.hasOwn(handlers, command.method) ? handlers[command.method] : undefined;
      try {
        if (handle === undefined) throw new CommandRefused("unknown_command", `Unknown protocol command: ${command.method}`);
        const result = await handle(caller, threadId, command.params ?? {}, extra);
        const last = await context.bus.last(threadId);
        return { type: "success", id: command.id, result, meta: { thread_id: threadId, applied_through_seq: Math.max(0, last) } };
      } catch (error) {
        return refusal(command, error);
      }
    },

    async events(caller, threadId, { filters, since }, signal) {
      mustBeThreadId(threadId);
      const access = () => accessOf(caller, threadId);
      const thread = await mustBeVisible(context, threadId, await access());
      return followThread(context, { threadId, access, filters, since, signal }, thread);
    },

    async kept(caller, threadId, filter, upTo, signal) {
      mustBeThreadId(threadId);
      const thread = await mustBeVisible(context, threadId, await accessOf(caller, threadId));
      return (async function* wanted() {
        if (thread === null) return;
        for await (const frame of keptEvents(context, threadId, filter.since ?? 0, signal)) {
          if (Number(frame.id) > upTo) return;
          if (isWanted(readFrameName(frame.event), filter, Number(frame.id))) yield wireFrame(frame);
        }
      })();
    },
  };
}

function idsOf(thread: ThreadRow): Set<string> {
  return new Set(
    Object.values(thread.interrupts)
      .flat()
      .map((interrupt) => interrupt.id),
  );
}

const STANDS = { busy: "running", idle: "completed", interrupted: "interrupted", error: "failed" } as const;

async function onlyOverWebSocket(): Promise<never> {
  throw new CommandRefused("not_supported", "Subscriptions belong to a WebSocket; over HTTP, POST the filter to /stream/events.");
}

function refusal(command: Command, error: unknown): CommandAnswer {
  const refused = (code: CommandErrorCode, message: string): CommandAnswer => ({ type: "error", id: command.id, error: code, message });
  if (error instanceof CommandRefused) return refused(error.code, error.message);
  if (error instanceof z.ZodError) return refused("invalid_argument", wordsOf(error));
  const word = isAppError(error) ? WORDS[error.code] : undefined;
  if (word === undefined || !isAppError(error)) throw error;
  return refused(word, error.message);
}

function wordsOf(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return "The params are not as they should be.";
  // our own words say everything already
  return issue.message.includes("requires") ? issue.message : `${issue.path.map(String).join(".")}: ${issue.message}`;
}

function readReplies(given: unknown) {
  if (typeof given === "object" && given !== null && "responses" in given && given.responses !== undefined) {
    const { responses, ...beside } = InputRespondMany.parse(given);
    return { replies: responses, ...beside };
  }
  const { namespace, interrupt_id, response, ...beside } = InputRespondOne.parse(given);
  return { replies: [{ namespace, interrupt_id, response }], ...beside };
}

function pick(values: unknown, keys: string[] | null): unknown {
  if (keys === null || typeof values !== "object" || values === null) return values;
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}
