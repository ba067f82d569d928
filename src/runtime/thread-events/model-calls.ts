import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { isBaseMessage } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import type { MessageEnd } from "./message-blocks.ts";

export interface ModelCall {
  readonly runId: string;
  /** Pieces that the model gave so far; the stream brings them a little later. */
  given: number;
  end: { kind: "finished"; how: MessageEnd } | { kind: "failed"; message: string } | null;
}

/**
 * Listens to the model calls of a run. A graph's stream of messages says what a model writes and not when it has finished; this does. It
 * neither asks models to stream nor changes what they answer.
 */
export class ModelCalls extends BaseCallbackHandler {
  readonly name = "ModelCalls";
  readonly #byRun = new Map<string, ModelCall>();
  readonly #byMessage = new Map<string, ModelCall>();
  readonly #onEnd: (call: ModelCall) => void;

  constructor(onEnd: (call: ModelCall) => void) {
    super();
    this.#onEnd = onEnd;
  }

  /** The call that writes a message, null for a message that no model streams. */
  of(messageId: string): ModelCall | null {
    return this.#byMessage.get(messageId) ?? null;
  }

  forget(messageId: string): void {
    this.#byMessage.delete(messageId);
  }

  override handleLLMNewToken(...[, , runId, , , fields]: Parameters<NonNullable<BaseCallbackHandler["handleLLMNewToken"]>>): void {
    let call = this.#byRun.get(runId);
    if (call === undefined) {
      call = { runId, given: 0, end: null };
      this.#byRun.set(runId, call);
      const chunk: unknown = fields?.chunk !== undefined && "message" in fields.chunk ? fields.chunk.message : undefined;
      // the id that LangGraph gives it, see its StreamMessagesHandler
      this.#byMessage.set((isBaseMessage(chunk) ? chunk.id : undefined) ?? `run-${runId}`, call);
    }
    call.given += 1;
  }

  override handleLLMEnd(output: LLMResult, runId: string): void {
    const generation = output.generations[0]?.[0];
    const message: unknown = generation !== undefined && "message" in generation ? generation.message : undefined;
    const how: MessageEnd = isBaseMessage(message)
      ? { responseMetadata: message.response_metadata, ...("usage_metadata" in message && message.usage_metadata ? { usage: message.usage_metadata } : {}) }
      : {};
    this.#ended(runId, { kind: "finished", how });
  }

  override handleLLMError(error: unknown, runId: string): void {
    this.#ended(runId, { kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }

  #ended(runId: string, end: NonNullable<ModelCall["end"]>): void {
    const call = this.#byRun.get(runId);
    if (call === undefined) return;
    this.#byRun.delete(runId);
    call.end = end;
    this.#onEnd(call);
  }
}
