import { type BaseMessage, isBaseMessage, ToolMessage } from "@langchain/core/messages";
import { MessageBlocks, type MessageData, type MessageEnd } from "./message-blocks.ts";
import { type ModelCall, ModelCalls } from "./model-calls.ts";

interface Open {
  id: string;
  namespace: string[];
  call: ModelCall;
  blocks: MessageBlocks;
  taken: number;
}

/** Turns what a graph streams as `messages` into content-block events, each message from its start to its finish. */
export class MessageStream {
  /** For the config of the graph. */
  readonly calls: ModelCalls;
  readonly #open = new Map<string, Open>();
  readonly #emit: (namespace: string[], data: MessageData) => void;

  constructor(emit: (namespace: string[], data: MessageData) => void) {
    this.#emit = emit;
    this.calls = new ModelCalls((call) => {
      for (const open of this.#open.values()) if (open.call === call) this.#closeIfOver(open);
    });
  }

  /** A chunk of the mode `messages`: `[message, metadata]`. */
  take(namespace: string[], payload: unknown): void {
    const message: unknown = Array.isArray(payload) ? (payload as unknown[])[0] : undefined;
    // results of tools have a channel of their own
    if (!isBaseMessage(message) || ToolMessage.isInstance(message)) return;
    const id = message.id ?? "";
    const call = this.calls.of(id);
    if (call === null) return this.#whole(namespace, id, message);
    let open = this.#open.get(id);
    if (open === undefined) this.#open.set(id, (open = { id, namespace, call, blocks: new MessageBlocks(id, call.runId), taken: 0 }));
    open.taken += 1;
    for (const data of open.blocks.take(message)) this.#emit(namespace, data);
    this.#closeIfOver(open);
  }

  /** The run is over: what is still open ends here. */
  close(): void {
    for (const open of this.#open.values()) this.#finish(open, {});
  }

  #whole(namespace: string[], id: string, message: BaseMessage): void {
    const blocks = new MessageBlocks(id, id);
    for (const data of blocks.take(message)) this.#emit(namespace, data);
    const usage = "usage_metadata" in message && message.usage_metadata ? { usage: message.usage_metadata } : {};
    for (const data of blocks.finish({ ...usage, responseMetadata: message.response_metadata })) this.#emit(namespace, data);
  }

  #closeIfOver(open: Open): void {
    const { end, given } = open.call;
    // the model has finished, and its last piece is still on its way through the graph's stream
    if (end === null || open.taken < given) return;
    if (end.kind === "finished") return this.#finish(open, end.how);
    this.#emit(open.namespace, open.blocks.fail(end.message));
    this.#drop(open);
  }

  #finish(open: Open, how: MessageEnd): void {
    for (const data of open.blocks.finish(how)) this.#emit(open.namespace, data);
    this.#drop(open);
  }

  #drop(open: Open): void {
    this.#open.delete(open.id);
    this.calls.forget(open.id);
  }
}
