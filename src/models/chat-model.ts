import type { BaseMessage } from "@langchain/core/messages";
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { ChatOpenAI, ChatOpenAICompletions, type ChatOpenAIFields } from "@langchain/openai";
import { AppError } from "#errors";
import { toModelError } from "./model-errors.ts";

export interface ChatModelOptions {
  model: string;
  baseUrl: string;
  apiKey: string;
  fetch: typeof fetch;
}

/** Longer than our own sender ever waits: time-outs and retries are its business (`send-request.ts`). */
const SDK_TIMEOUT_MS = 24 * 3_600_000;

/**
 * ChatOpenAI with two differences: it always streams, so that a long answer is not taken for a hang and LangChain does not count tokens
 * with an encoding it fetches from the network; and what it throws is an AppError.
 */
export function createChatModel({ model, baseUrl, apiKey, fetch }: ChatModelOptions): ChatOpenAI {
  const fields: ChatOpenAIFields = { model, apiKey, timeout: SDK_TIMEOUT_MS, maxRetries: 0, configuration: { baseURL: baseUrl, fetch } };
  const completions = new StreamedCompletions(fields, { model, baseUrl });
  // ChatOpenAI sends some model names ("codex", "…-pro") to OpenAI's own /responses, which other endpoints do not have and recordings do
  // not hold. Both classes answer the same calls, so the completions stand in for it.
  const responses = completions as unknown as NonNullable<ChatOpenAIFields["responses"]>;
  return new ChatOpenAI({ ...fields, completions, responses });
}

/** ChatOpenAI keeps this instance through `bindTools` and `withConfig`, where a subclass of ChatOpenAI itself would be lost. */
class StreamedCompletions extends ChatOpenAICompletions {
  readonly #context: { model: string; baseUrl: string };

  constructor(fields: ChatOpenAIFields, context: { model: string; baseUrl: string }) {
    super(fields);
    this.#context = context;
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"], runManager?: CallbackManagerForLLMRun): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this._streamResponseChunks(messages, options, runManager)) {
      chunk.message.response_metadata = { ...chunk.generationInfo, ...chunk.message.response_metadata };
      whole = whole === undefined ? chunk : whole.concat(chunk);
    }
    if (whole === undefined) throw new AppError("model_failed", "The model's answer was empty.", { details: { retryable: true } });
    return { generations: [whole] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    try {
      yield* super._streamResponseChunks(messages, options, runManager);
    } catch (error) {
      throw toModelError(error, this.#context);
    }
  }

  override async *_streamChatModelEvents(
    ...args: Parameters<ChatOpenAICompletions["_streamChatModelEvents"]>
  ): ReturnType<ChatOpenAICompletions["_streamChatModelEvents"]> {
    try {
      yield* super._streamChatModelEvents(...args);
    } catch (error) {
      throw toModelError(error, this.#context);
    }
  }
}
