import type { Config } from "#config";
import type { ChatRole, ModelMode } from "#ports/models.ts";

/** The part of the configuration that models read. */
export type ModelConfig = Pick<
  Config,
  | "OPENAI_API_KEY"
  | "OPENAI_BASE_URL"
  | "MODEL"
  | "MODEL_INTENT"
  | "MODEL_PLANNER"
  | "MODEL_CODER"
  | "MODEL_REVIEWER"
  | "MODEL_WRITER"
  | "MODEL_TIMEOUT"
  | "RECORDINGS_DIR"
  | "RECORD_TO"
>;

const OPENAI_BASE_URL = "https://api.openai.com/v1";
/** Used when an endpoint is configured and no model is named. */
const DEFAULT_MODEL = "gpt-5-mini";

export interface Endpoint {
  mode: ModelMode;
  baseUrl: string;
  /** Endpoints like Ollama want none; the SDK insists on a word. */
  apiKey: string;
  models: Record<ChatRole, string>;
}

/** A key or a base URL makes it live; `RECORD_TO` on top writes it down; neither: only recordings answer. */
export function readEndpoint(config: ModelConfig): Endpoint {
  const live = config.OPENAI_API_KEY !== undefined || config.OPENAI_BASE_URL !== undefined;
  const named: Record<ChatRole, string | undefined> = {
    intent: config.MODEL_INTENT,
    planner: config.MODEL_PLANNER,
    coder: config.MODEL_CODER,
    reviewer: config.MODEL_REVIEWER,
    writer: config.MODEL_WRITER,
  };
  const modelOf = (role: ChatRole) => (live ? (named[role] ?? config.MODEL ?? DEFAULT_MODEL) : "recorded");
  return {
    mode: live ? (config.RECORD_TO === undefined ? "live" : "record") : "replay",
    baseUrl: live ? (config.OPENAI_BASE_URL ?? OPENAI_BASE_URL) : "http://recordings.invalid/v1",
    apiKey: config.OPENAI_API_KEY ?? "none",
    models: { intent: modelOf("intent"), planner: modelOf("planner"), coder: modelOf("coder"), reviewer: modelOf("reviewer"), writer: modelOf("writer") },
  };
}
