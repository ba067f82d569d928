import { isBaseMessage, isBaseMessageChunk, type BaseMessage, type BaseMessageChunk } from "@langchain/core/messages";
import type { StreamMode } from "#protocol/run-create.ts";
import { checkpointOf } from "./thread-state.ts";
import type { GraphEvent } from "./graph-shape.ts";

export interface WireEvent {
  event: string;
  data: unknown;
}

/** Modes to ask the graph for, given those a client asked for. `values` is always among them: it says where the run stands at the end. */
export function graphModes(requested: readonly StreamMode[]): string[] {
  const modes = new Set<string>(["values"]);
  for (const mode of requested) {
    if (mode === "messages-tuple") modes.add("messages");
    else if (mode !== "events") modes.add(mode);
  }
  return [...modes];
}

export interface GraphChunk {
  namespace: string[];
  mode: string;
  payload: unknown;
}

/** A chunk of `graph.stream` with a list of modes: `[mode, payload]`, or `[namespace, mode, payload]` with subgraphs. */
export function readChunk(chunk: unknown): GraphChunk | null {
  if (!Array.isArray(chunk)) return null;
  const parts: unknown[] = chunk;
  if (parts.length === 3) return { namespace: Array.isArray(parts[0]) ? parts[0].map(String) : [], mode: String(parts[1]), payload: parts[2] };
  return parts.length === 2 ? { namespace: [], mode: String(parts[0]), payload: parts[1] } : null;
}

/**
 * Turns what a graph streams into the v1 events of the wire. Event names carry the subgraph as `mode|ns1|ns2`.
 * The old `messages` mode accumulates: `messages/metadata` once per message, `messages/partial` as it grows, `messages/complete` right after
 * the state that it stands in; its names never carry a subgraph. `messages-tuple` is asked for under that name and sent as `messages`.
 */
export class WireEvents {
  readonly #requested: ReadonlySet<StreamMode>;
  readonly #growing = new Map<string, BaseMessageChunk>();
  readonly #complete = new Set<string>();

  constructor(requested: readonly StreamMode[]) {
    this.#requested = new Set(requested);
  }

  *fromChunk({ namespace, mode, payload }: GraphChunk): Generator<WireEvent> {
    const named = (name: string) => [name, ...namespace].join("|");
    if (mode === "messages") {
      if (this.#requested.has("messages-tuple")) yield { event: named("messages"), data: payload };
      if (this.#requested.has("messages")) yield* this.#partial(payload);
      return;
    }
    // what the graph was asked for on our own behalf is not the client's business
    if (this.#requested.has(mode as StreamMode)) {
      if (mode === "debug") yield { event: named("debug"), data: debugEvent(payload) };
      else if (mode === "checkpoints") yield { event: named("checkpoints"), data: checkpointEvent(payload) };
      else yield { event: named(mode), data: payload };
    }
    if (mode === "values" && this.#requested.has("messages")) yield* this.#completed(payload);
  }

  /** An event of `streamEvents`, forwarded as it is; hidden runs and the root's own chunks are left out. */
  *fromGraphEvent(event: GraphEvent, rootRunId: string): Generator<WireEvent> {
    if (event.event === "on_chain_stream" && event.run_id === rootRunId) return;
    if (event.tags?.includes("langsmith:hidden")) return;
    yield { event: "events", data: event };
  }

  *#partial(payload: unknown): Generator<WireEvent> {
    const [message, metadata] = Array.isArray(payload) ? (payload as unknown[]) : [];
    if (!isBaseMessage(message) || !isBaseMessageChunk(message) || message.id === undefined) return;
    const known = this.#growing.get(message.id);
    if (known === undefined) yield { event: "messages/metadata", data: { [message.id]: { metadata } } };
    const grown: BaseMessageChunk = known === undefined ? message : known.concat(message);
    this.#growing.set(message.id, grown);
    yield { event: "messages/partial", data: [grown] };
  }

  *#completed(payload: unknown): Generator<WireEvent> {
    const messages = typeof payload === "object" && payload !== null && "messages" in payload ? payload.messages : [];
    const fresh = (Array.isArray(messages) ? messages : [messages]).filter(
      (message: unknown): message is BaseMessage => isBaseMessage(message) && message.id !== undefined && !this.#complete.has(message.id),
    );
    for (const message of fresh) if (message.id !== undefined) this.#complete.add(message.id);
    if (fresh.length > 0) yield { event: "messages/complete", data: fresh };
  }
}

type Dictionary = Record<string, unknown>;

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkpointEvent(event: unknown): unknown {
  if (!isDictionary(event)) return event;
  const { parentConfig, config, tasks, ...payload } = event;
  return {
    ...payload,
    config: withoutOurs(config),
    parent_config: withoutOurs(parentConfig),
    checkpoint: checkpointOf(config),
    parent_checkpoint: checkpointOf(parentConfig),
    tasks: Array.isArray(tasks) ? tasks.map(debugTask) : [],
  };
}

function debugEvent(event: unknown): unknown {
  return isDictionary(event) && event["type"] === "checkpoint" ? { ...event, payload: checkpointEvent(event["payload"]) } : event;
}

function debugTask(task: unknown): unknown {
  if (!isDictionary(task)) return task;
  const { state, ...rest } = task;
  return { ...rest, checkpoint: checkpointOf(state), state: null };
}

/** Ports, fences and LangGraph's own machinery stand under names with two underscores; none of it leaves the process. */
function withoutOurs(config: unknown): unknown {
  if (!isDictionary(config) || !isDictionary(config["configurable"])) return config;
  const { callbacks: _, ...rest } = config;
  return { ...rest, configurable: Object.fromEntries(Object.entries(config["configurable"]).filter(([key]) => !key.startsWith("__"))) };
}
