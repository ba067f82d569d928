import { fileURLToPath } from "node:url";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { ChatRole, ModelsPort } from "#ports/models.ts";
import { createChatModel } from "./chat-model.ts";
import { createModelFetch, type ModelUsage } from "./model-fetch.ts";
import { createRecordingWriter, loadRecordings, type RecordingHeader } from "./recording.ts";
import { readEndpoint, type ModelConfig } from "./roles.ts";
import { createSender } from "./send-request.ts";

export interface CreateModelsOptions {
  config: ModelConfig;
  /** Tokens of every call made through this port. */
  onUsage?: (usage: ModelUsage) => void;
  /** Pauses before a failed request is tried again; tests make them short. */
  retryDelaysMs?: readonly number[];
}

export interface Models extends ModelsPort {
  /** The same models, reporting to somebody else: one per run, sharing endpoint and recordings. */
  withUsage(onUsage: (usage: ModelUsage) => void): ModelsPort;
  /** Titles and languages of `sampleRequests()`. */
  readonly samples: readonly RecordingHeader[];
}

const RECORDINGS = fileURLToPath(new URL("../../recordings", import.meta.url));
const RETRY_DELAYS_MS = [1_000, 4_000];

/**
 * The models of a process. With a key or a base URL an endpoint answers; otherwise the recordings of `RECORDINGS_DIR` do (default: the
 * project's own `recordings/`). Throws `invalid_config` when a recording cannot be read.
 */
export function createModels({ config, onUsage = () => {}, retryDelaysMs = RETRY_DELAYS_MS }: CreateModelsOptions): Models {
  const endpoint = readEndpoint(config);
  const recordTo = endpoint.mode === "record" ? (config.RECORD_TO ?? null) : null;
  const recordings = loadRecordings(config.RECORDINGS_DIR ?? RECORDINGS, recordTo);
  const writer = recordTo === null ? null : createRecordingWriter(recordTo);
  const send = createSender({ timeoutMs: config.MODEL_TIMEOUT * 1_000, retryDelaysMs });
  const sampleRequests = () => recordings.headers.map((header) => header.request);

  const reportingTo = (report: (usage: ModelUsage) => void): ModelsPort => {
    const made = new Map<ChatRole, BaseChatModel>();
    return {
      mode: endpoint.mode,
      sampleRequests,
      chat(role) {
        const known = made.get(role);
        if (known !== undefined) return known;
        const fetch = createModelFetch({ role, mode: endpoint.mode, recordings, writer, send, onUsage: report });
        const model = createChatModel({ model: endpoint.models[role], baseUrl: endpoint.baseUrl, apiKey: endpoint.apiKey, fetch });
        made.set(role, model);
        return model;
      },
    };
  };

  return { ...reportingTo(onUsage), withUsage: reportingTo, samples: recordings.headers };
}
