import { createLifecycleTransformer } from "@langchain/langgraph";
import { convertToProtocolEvent, isStreamChannel, type ProtocolEvent } from "@langchain/langgraph/stream";
import { interruptId } from "../interrupt-id.ts";
import type { GraphChunk } from "../stream-events.ts";
import type { RunnableGraph } from "../graph-shape.ts";
import type { EventBody } from "./event-frame.ts";
import { MessageStream } from "./message-stream.ts";
import { stateMessage } from "./state-message.ts";
import type { ThreadLog } from "./thread-log.ts";

type Dictionary = Record<string, unknown>;

/** The parts of LangGraph's stream transformers that are used here; graphs bring their own with `.compile({ transformers })`. */
interface Transformer {
  init(): unknown;
  onRegister?(emitter: { push: (namespace: string[], event: ProtocolEvent) => void }): void;
  process(event: ProtocolEvent): boolean;
  finalize?(): void | PromiseLike<void>;
  fail?(error: unknown): void;
}

/** Modes to ask the graph for. */
export const EVENT_MODES = ["values", "updates", "messages", "tools", "custom", "tasks"] as const;

export type RootStatus = "running" | "completed" | "interrupted" | "failed";

/**
 * The events of protocol v2 of one attempt of a run, made from what `graph.stream` gives in the modes of v1. LangGraph's own way to them
 * (`streamEvents` v3) makes models answer in content blocks, which graphs then find in their state; nothing of that kind happens here.
 *
 * Of the lifecycle, the graph's namespaces are followed by LangGraph's transformer; the root is the run's, and its last word is said after
 * the final status is committed.
 */
export class RunEvents {
  readonly messages: MessageStream;
  readonly #log: ThreadLog;
  readonly #graphName: string;
  readonly #requested = new Set<string>();
  #transformers: Transformer[] = [];
  #channels: { _close(): void }[] = [];
  #lastWords: [name: string, value: PromiseLike<unknown>][] = [];
  #namespace: string[] = [];
  #over = false;
  #paused = false;

  constructor(log: ThreadLog, graphName: string) {
    this.#log = log;
    this.#graphName = graphName;
    this.messages = new MessageStream((namespace, data) => this.#push({ method: "messages", namespace, timestamp: Date.now(), data }));
  }

  start(graph: RunnableGraph): void {
    this.#root("running");
    const lifecycle = createLifecycleTransformer({
      emitRootOnRegister: false,
      getTerminalStatusOverride: async () => (this.#paused ? "interrupted" : "completed"),
    });
    const own = Array.isArray(graph.streamTransformers) ? graph.streamTransformers.map((make: () => Transformer) => make()) : [];
    // LangGraph's type of it says more than is used
    for (const transformer of [lifecycle as unknown as Transformer, ...own]) this.#register(transformer);
  }

  take(chunk: GraphChunk): void {
    const { namespace, mode, payload } = chunk;
    if (mode === "messages") return this.messages.take(namespace, payload);
    if (mode === "values") return this.#values(namespace, payload);
    if (mode === "updates") return this.#updates(namespace, payload);
    if (!isConverted(mode)) return;
    for (const event of convertToProtocolEvent({ namespace, mode, payload, seq: 0 })) {
      this.#push({ method: event.method as EventBody["method"], namespace, timestamp: event.params.timestamp, data: event.params.data });
    }
  }

  /** The graph has ended or paused: what is open ends, what transformers kept for the end is said. */
  async finish(paused: boolean): Promise<void> {
    if (this.#over) return;
    this.#paused = paused;
    this.messages.close();
    for (const transformer of this.#transformers) await transformer.finalize?.();
    for (const channel of this.#channels) channel._close();
    for (const [name, value] of this.#lastWords) {
      const payload = await Promise.resolve(value).catch(() => undefined);
      if (payload !== undefined) this.#write({ method: "custom", namespace: [], timestamp: Date.now(), data: { name, payload } });
    }
    this.#over = true;
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.messages.close();
    for (const transformer of this.#transformers) transformer.fail?.(error);
    this.#over = true;
  }

  /** Number of the event that {@link end} will write: for the transaction that ends the run. */
  get lastNumber(): number {
    return this.#log.next;
  }

  /** The root's last word, after the run's final status is committed. */
  end(status: Exclude<RootStatus, "running">, error?: string): void {
    this.#over = true;
    this.#root(status, error);
    // written while the next run begins
    void this.#log.flush();
  }

  /** Stops without a last word. */
  release(): Promise<void> {
    this.#over = true;
    return this.#log.release();
  }

  #root(status: RootStatus, error?: string): void {
    const data = { event: status, graph_name: this.#graphName, ...(error === undefined ? {} : { error }) };
    this.#log.write({ method: "lifecycle", namespace: [], timestamp: Date.now(), data });
  }

  #values(namespace: string[], payload: unknown): void {
    const { __interrupt__: interrupts, ...values } = isDictionary(payload) ? payload : { __interrupt__: undefined };
    this.#ask(namespace, interrupts);
    if (isDictionary(payload) && Object.keys(values).length === 0) return;
    this.#push({ method: "values", namespace, timestamp: Date.now(), data: isDictionary(payload) ? values : payload });
  }

  #updates(namespace: string[], payload: unknown): void {
    if (!isDictionary(payload)) return;
    for (const [node, update] of Object.entries(payload)) {
      if (node === "__interrupt__") this.#ask(namespace, update);
      else
        this.#push({
          method: "updates",
          namespace,
          timestamp: Date.now(),
          node,
          data: typeof update === "object" && update !== null ? update : { value: update },
        });
    }
  }

  #ask(namespace: string[], interrupts: unknown): void {
    if (!Array.isArray(interrupts)) return;
    for (const interrupt of interrupts as unknown[]) {
      const id = interruptId(interrupt);
      if (!isDictionary(interrupt) || id === null || this.#requested.has(id)) continue;
      this.#requested.add(id);
      this.#push({ method: "input.requested", namespace, timestamp: Date.now(), data: { interrupt_id: id, payload: interrupt["value"] } });
    }
  }

  #push(body: EventBody): void {
    if (this.#over) return;
    const event = asProtocolEvent(body);
    if (this.#process(event)) this.#write(body);
  }

  #process(event: ProtocolEvent): boolean {
    const outer = this.#namespace;
    this.#namespace = event.params.namespace;
    let keep = true;
    for (const transformer of this.#transformers) if (!transformer.process(event)) keep = false;
    this.#namespace = outer;
    return keep;
  }

  #write(body: EventBody): void {
    this.#log.write(body, body.method === "values" || body.method === "updates" ? stateMessage : undefined);
  }

  #register(transformer: Transformer): void {
    const projection = transformer.init();
    this.#transformers.push(transformer);
    transformer.onRegister?.({
      push: (_namespace, event) => {
        if (this.#process(event)) this.#write(bodyOf(event));
      },
    });
    if (!isDictionary(projection) || "__native" in transformer) return;
    for (const [key, value] of Object.entries(projection)) {
      if (isStreamChannel(value)) {
        this.#channels.push(value);
        const name = value.channelName;
        if (typeof name !== "string") continue;
        value._wire((payload: unknown) => {
          this.#write({ method: "custom", namespace: this.#namespace, timestamp: Date.now(), data: { name, payload } });
        });
      } else if (isPromise(value)) {
        this.#lastWords.push([key, value]);
      }
    }
  }
}

/** What transformers are shown. An interrupted task has no result yet: with one, they would take its namespace for completed. */
function asProtocolEvent(body: EventBody): ProtocolEvent {
  const { method, namespace, timestamp, node, data } = body;
  const asked = method === "tasks" && isDictionary(data) && Array.isArray(data["interrupts"]) && data["interrupts"].length > 0;
  const { result: _, ...unfinished } = asked ? data : {};
  const shown = asked ? unfinished : method === "updates" ? { node, values: data } : data;
  return {
    type: "event",
    seq: 0,
    method,
    params: { namespace: [...namespace], timestamp, ...(node === undefined ? {} : { node }), data: shown },
  } as ProtocolEvent;
}

const METHODS: readonly string[] = ["values", "updates", "messages", "tools", "lifecycle", "checkpoints", "tasks", "custom"] satisfies EventBody["method"][];

/** What a transformer made; a method of its own goes on the channel of custom events under its name. */
function bodyOf({ method, params: { namespace, timestamp, data } }: ProtocolEvent): EventBody {
  if (method === "input") return { method: "input.requested", namespace, timestamp, data };
  if (METHODS.includes(method)) return { method: method as EventBody["method"], namespace, timestamp, data };
  return { method: "custom", namespace, timestamp, data: { name: method.replace(/^custom:/, ""), payload: data } };
}

type Converted = "tools" | "custom" | "tasks" | "checkpoints";

function isConverted(mode: string): mode is Converted {
  return mode === "tools" || mode === "custom" || mode === "tasks" || mode === "checkpoints";
}

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
