import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import type { z } from "zod";
import { toAppError } from "#errors";
import type { Log } from "#log";
import type { Caller } from "#ports/caller.ts";
import type { ThreadProtocolService } from "#ports/services/thread-protocol.ts";
import { Command, type CommandAnswer, type CommandErrorCode, ReconnectParams, SubscribeParams, UnsubscribeParams } from "#protocol/v2/commands.ts";
import type { EventsFilter } from "#protocol/v2/events-filter.ts";
import { errorBody } from "./middleware/error-handler.ts";
import { readSubscriptionId, subscriptionId } from "./subscription-id.ts";

export interface ThreadConnectionOptions {
  threadId: string;
  /** Asked anew for every command: an identity can end while a connection is open. Throws for one that is not acceptable. */
  caller: () => Caller;
  headers: Record<string, string>;
  protocol: ThreadProtocolService;
  log: Log;
  /** Told of every command that failed. */
  refused?: ((error: unknown, method: string) => void) | undefined;
  /** Throws when the caller commands too much. */
  admit?: ((caller: Caller) => Promise<void>) | undefined;
  /** Counts the connection as an open stream; answers how to count it as closed. */
  opened?: (() => () => void) | undefined;
  /** Bytes of one message; null: what every connection may send. */
  maxBytes: number | null;
  heartbeatMs: number;
  /** Milliseconds that a reader may take nothing. */
  slowReaderMs: number;
}

const MAX_SUBSCRIPTIONS = 100;
/** Commands underway, answers that wait for their reader among them. What comes then stays in the system's buffers. */
const MAX_COMMANDS = 32;
/** How long what a subscription missed may take. */
const REPLAY_MS = 30_000;
const TOO_SLOW = 1013;
const TOO_LARGE = 1009;

/**
 * Protocol v2 on one WebSocket. Commands come in as JSON texts; answers and events go out in one order, so that the answer to a subscription
 * comes before its first event, and all events in the order of their numbers whatever subscription they are for: what a new one missed is sent
 * while the others wait. An event that several subscriptions want is sent once. A subscription lives until it is ended or the socket closes, over any number of runs. A reader that takes
 * nothing is dropped and can come back.
 */
export function serveThreadConnection(socket: WebSocket, options: ThreadConnectionOptions): void {
  const gone = new AbortController();
  const subscriptions = new Map<string, EventsFilter>();
  /** Number of the last event that was sent to any of them. */
  let position = 0;
  let pump: { stop: AbortController; done: Promise<void> } | null = null;
  let changing: Promise<void> = Promise.resolve();
  let sending: Promise<void> = Promise.resolve();
  let heard = true;
  let commands = 0;
  /** Came before the socket could be told to wait. */
  const waiting: string[] = [];

  function send(text: string): Promise<void> {
    sending = sending.then(() => deliver(socket, text, options.slowReaderMs));
    return sending;
  }

  const answer = (given: CommandAnswer) => send(JSON.stringify(given));
  const tooManySubscriptions = ({ id }: Command) =>
    refuse(id, "invalid_argument", `A connection may have ${MAX_SUBSCRIPTIONS} subscriptions; unsubscribe some.`);
  const refuse = (id: number | null, error: CommandErrorCode, message: string) => answer({ type: "error", id, error, message });

  async function take(data: string): Promise<void> {
    const read = readCommand(data);
    if (typeof read === "string") return refuse(null, "invalid_argument", read);
    try {
      if (read.method === "subscription.subscribe") return await subscribe(read);
      if (read.method === "subscription.unsubscribe") return await unsubscribe(read);
      if (read.method === "subscription.reconnect") return await reconnect(read);
      const caller = options.caller();
      if (!READING.has(read.method)) await options.admit?.(caller);
      await answer(await options.protocol.command(caller, options.threadId, read, { headers: options.headers }));
    } catch (error) {
      const { code, message } = errorBody(toAppError(error));
      if (code === "internal") options.log.error({ err: error, method: read.method }, "a command failed");
      options.refused?.(error, read.method);
      await refuse(read.id, CODES[code] ?? "unknown_error", message);
    }
  }

  async function subscribe(command: Command): Promise<void> {
    const filter = await params(command, SubscribeParams);
    if (filter === null) return;
    if (filter.channels.some((channel) => !isSupported(channel)))
      return refuse(command.id, "invalid_argument", "subscription.subscribe received an unsupported channel.");
    if (subscriptions.size >= MAX_SUBSCRIPTIONS) return tooManySubscriptions(command);
    const id = subscriptionId(filter, randomUUID());
    await change(async () => {
      await answer({ type: "success", id: command.id, result: { subscription_id: id, replayed_events: await countKept(filter) } });
      await add(id, filter);
    });
  }

  /** Opens the subscriptions of an earlier connection again, with what they missed. */
  async function reconnect(command: Command): Promise<void> {
    const given = await params(command, ReconnectParams);
    if (given === null) return;
    const since = Number(given.last_event_id ?? 0);
    if (!Number.isSafeInteger(since) || since < 0) return refuse(command.id, "invalid_argument", "last_event_id is not the id of an event.");
    if (subscriptions.size + (given.subscriptions?.length ?? 0) > MAX_SUBSCRIPTIONS) return tooManySubscriptions(command);
    const restored = new Map<string, EventsFilter>();
    for (const id of given.subscriptions ?? []) {
      const filter = readSubscriptionId(id);
      if (filter === null) return refuse(command.id, "no_such_subscription", `Unknown subscription: ${id}`);
      restored.set(id, { ...filter, since });
    }
    const { caller, threadId, headers, protocol } = options;
    const tree = await protocol.command(caller(), threadId, { id: command.id, method: "agent.getTree" }, { headers });
    const current = tree.type === "success" ? { current_namespaces: entriesOf(tree.result["tree"]) } : {};
    await change(async () => {
      let missed = 0;
      for (const filter of restored.values()) missed += await countKept(filter);
      await answer({ type: "success", id: command.id, result: { restored: restored.size > 0, missed_events: missed, ...current } });
      for (const [id, filter] of restored) await add(id, filter);
    });
  }

  async function unsubscribe(command: Command): Promise<void> {
    const given = await params(command, UnsubscribeParams);
    if (given === null) return;
    const id = given.subscription_id;
    await change(async () => {
      if (subscriptions.delete(id)) await answer({ type: "success", id: command.id, result: {} });
      else await refuse(command.id, "no_such_subscription", `Unknown subscription: ${id}`);
    });
  }

  /** Changes what is subscribed to while no event is on its way. */
  function change(work: () => Promise<void>): Promise<void> {
    const changed = changing.then(async () => {
      pump?.stop.abort();
      await pump?.done;
      pump = null;
      try {
        await work();
      } finally {
        startPump();
      }
    });
    changing = changed.catch(() => {});
    return changed;
  }

  async function add(id: string, filter: EventsFilter): Promise<void> {
    if (subscriptions.size === 0) position = filter.since ?? 0;
    else {
      const limit = AbortSignal.timeout(REPLAY_MS);
      for await (const frame of await kept(filter, position, limit)) await send(frame.data);
      // what is left out now would never come; who comes back goes on where this ended
      if (limit.aborted) return socket.close(TOO_SLOW, "too slow");
    }
    subscriptions.set(id, filter);
  }

  function startPump(): void {
    if (subscriptions.size === 0 || gone.signal.aborted) return;
    const stop = new AbortController();
    pump = { stop, done: sendEvents(AbortSignal.any([stop.signal, gone.signal])) };
  }

  async function sendEvents(signal: AbortSignal): Promise<void> {
    try {
      const wanted = { filters: [...subscriptions.values()], since: position };
      for await (const frame of await options.protocol.events(options.caller(), options.threadId, wanted, signal)) {
        if (signal.aborted) return;
        await send(frame.data);
        // the current state, told in the place of what is not kept, has no number of its own
        if (/^\d+$/.test(frame.id)) position = Number(frame.id);
      }
    } catch (error) {
      options.log.debug({ err: error }, "a subscription ended; the client can come back");
    }
    // the stream of a thread has no end of its own: it is gone, or not the caller's any more
    if (!signal.aborted) socket.close();
  }

  function kept(filter: EventsFilter, upTo: number, limit: AbortSignal) {
    return options.protocol.kept(options.caller(), options.threadId, filter, upTo, AbortSignal.any([limit, gone.signal]));
  }

  async function countKept(filter: EventsFilter): Promise<number> {
    let count = 0;
    for await (const _ of await kept(filter, Number.MAX_SAFE_INTEGER, AbortSignal.timeout(REPLAY_MS))) count += 1;
    return count;
  }

  async function params<T extends z.ZodType>(command: Command, schema: T): Promise<z.output<T> | null> {
    const parsed = schema.safeParse(command.params ?? {});
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    await refuse(
      command.id,
      "invalid_argument",
      issue?.message.includes("requires") ? issue.message : `${issue?.path.map(String).join(".")}: ${issue?.message}`,
    );
    return null;
  }

  const closed = options.opened?.();
  const beat = () => {
    if (!heard) return socket.terminate();
    // neither does a pong come while something else has to leave first, nor while we do not listen
    heard = socket.bufferedAmount > 0 || socket.isPaused;
    socket.ping();
  };
  // after a stop of this process the timer is due before the pong is read that came meanwhile
  const heartbeat = setInterval(() => setImmediate(beat), options.heartbeatMs);
  heartbeat.unref();

  socket.on("pong", () => (heard = true));
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    clearInterval(heartbeat);
    closed?.();
    gone.abort();
    subscriptions.clear();
  });
  // commands are done side by side: one that takes long holds up no other
  socket.on("message", (data) => {
    heard = true;
    const text = textOf(data);
    if (options.maxBytes !== null && Buffer.byteLength(text) > options.maxBytes) return socket.close(TOO_LARGE, "too large");
    waiting.push(text);
    takeWaiting();
  });

  function takeWaiting(): void {
    for (let text = waiting[0]; text !== undefined && commands < MAX_COMMANDS; text = waiting[0]) {
      waiting.shift();
      commands += 1;
      void take(text)
        .catch(() => socket.terminate())
        .finally(() => {
          commands -= 1;
          takeWaiting();
        });
    }
    if (waiting.length > 0) socket.pause();
    else if (socket.isPaused) socket.resume();
  }
}

/** Resolves once the text has left, rejects when the socket is gone; a reader that takes nothing loses it. */
function deliver(socket: WebSocket, text: string, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.close(TOO_SLOW, "too slow");
      socket.terminate();
    }, limitMs);
    socket.send(text, (error) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    });
  });
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}

function readCommand(text: string): Command | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return "Protocol commands must be valid JSON.";
  }
  const parsed = Command.safeParse(given);
  return parsed.success ? parsed.data : "Protocol commands must include an integer id and string method.";
}

const READING = new Set(["state.get", "state.listCheckpoints", "agent.getTree"]);

const CODES: Partial<Record<string, CommandErrorCode>> = {
  invalid_request: "invalid_argument",
  not_found: "no_such_run",
  unauthorized: "permission_denied",
  forbidden: "permission_denied",
};

const CHANNELS = new Set(["values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks", "custom"]);

function isSupported(channel: string): boolean {
  return CHANNELS.has(channel) || channel.startsWith("custom:");
}

/** The tree as a list, as `subscription.reconnect` answers it. */
function entriesOf(tree: unknown): { namespace: unknown; status: unknown }[] {
  if (typeof tree !== "object" || tree === null) return [];
  const { namespace, status, children } = tree as { namespace: unknown; status: unknown; children?: unknown[] };
  return [{ namespace, status }, ...(children ?? []).flatMap(entriesOf)];
}
