import { OpenAIEmbeddings } from "@langchain/openai";
import { AppError } from "#errors";
import type { EmbedTexts } from "#ports/models.ts";
import { toModelError } from "./model-errors.ts";
import { readEndpoint, type ModelConfig } from "./roles.ts";

const RETRIES = 2;

/**
 * An embedding model of the configured endpoint. `MODEL_EMBEDDING` wins over the name that a project wrote down, because another endpoint
 * has other models. Recordings hold no vectors, so without an endpoint every call is `model_not_configured`.
 */
export function createEmbeddings(config: ModelConfig & { MODEL_EMBEDDING?: string | undefined }, named: string): EmbedTexts {
  const endpoint = readEndpoint(config);
  const model = config.MODEL_EMBEDDING ?? named;
  if (endpoint.mode === "replay") {
    return async () => {
      throw new AppError("model_not_configured", `The store's search by meaning needs the model "${model}": set OPENAI_BASE_URL or OPENAI_API_KEY.`);
    };
  }
  const embeddings = new OpenAIEmbeddings({
    model,
    apiKey: endpoint.apiKey,
    timeout: config.MODEL_TIMEOUT * 1_000,
    maxRetries: RETRIES,
    stripNewLines: false,
    // some endpoints know no other
    encodingFormat: "float",
    configuration: { baseURL: endpoint.baseUrl },
  });
  return async (texts) => {
    try {
      return await embeddings.embedDocuments(texts);
    } catch (error) {
      throw toModelError(error, { model, baseUrl: endpoint.baseUrl });
    }
  };
}
