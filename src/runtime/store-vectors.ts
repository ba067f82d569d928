import { AppError, isAppError } from "#errors";
import type { StoreOptions } from "./store-settings.ts";

type Index = NonNullable<StoreOptions["index"]>;

/**
 * Vectors of length one, so that a dot product is the cosine, from -1 to 1.
 * @throws AppError `model_failed` when the model fails, `invalid_config` when its vectors are not of the configured size.
 */
export async function embedTexts(index: Index, texts: string[]): Promise<Float32Array[]> {
  if (texts.length === 0) return [];
  const vectors = await index.embed(texts).catch((cause: unknown) => {
    throw embeddingFailed(cause);
  });
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    throw new AppError("model_failed", `The store's embedding answered ${Array.isArray(vectors) ? vectors.length : "no"} vectors for ${texts.length} texts.`);
  }
  return vectors.map((vector) => {
    if (vector.length !== index.dims) {
      throw new AppError(
        "invalid_config",
        `The store's embedding makes vectors of ${vector.length} numbers; store.index.dims of the langgraph.json says ${index.dims}.`,
      );
    }
    return normalised(vector);
  });
}

/** What failed may name hosts of this side: that is for the log, as the cause. */
function embeddingFailed(cause: unknown): AppError {
  if (isAppError(cause) && cause.code !== "model_failed") return cause;
  return new AppError("model_failed", "The store's embedding failed. The server's log tells more.", { cause, details: isAppError(cause) ? cause.details : {} });
}

function normalised(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length)) throw new AppError("model_failed", "The store's embedding holds something that is no number.");
  return Float32Array.from(vector, (one) => (length === 0 ? 0 : one / length));
}

/** As the table keeps it; the same memory, not a copy. */
export function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** How like two vectors of length one are; null when the bytes are of another size. */
export function likeness(query: Float32Array, bytes: Uint8Array): number | null {
  if (bytes.byteLength !== query.byteLength) return null;
  // a view needs an address that four divides
  const stored = bytes.byteOffset % 4 === 0 ? new Float32Array(bytes.buffer, bytes.byteOffset, query.length) : new Float32Array(Uint8Array.from(bytes).buffer);
  let sum = 0;
  for (let at = 0; at < query.length; at += 1) sum += (query[at] ?? 0) * (stored[at] ?? 0);
  return sum;
}
