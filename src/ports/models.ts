import type { BaseChatModel } from "@langchain/core/language_models/chat_models";

/** Roles are chosen by what a call is for, not by who makes it; `MODEL_<ROLE>` names the model of each, `MODEL` is the fallback. */
export type ChatRole = "intent" | "planner" | "coder" | "reviewer" | "writer";

/** `live`: an endpoint answers. `replay`: only recorded requests are answered. `record`: live, and written down. */
export type ModelMode = "live" | "replay" | "record";

export interface ModelsPort {
  readonly mode: ModelMode;
  /** A chat model of @langchain/openai with the role's model, time-out and retries. Streams tokens to the run's own stream. */
  chat(role: ChatRole): BaseChatModel;
  /** First user messages that work without a key, for the answer given when nothing is configured. */
  sampleRequests(): readonly string[];
}

/** One vector a text, in order. @throws AppError `model_failed`, `model_not_configured`. */
export type EmbedTexts = (texts: string[]) => Promise<number[][]>;
