import type { Request } from "express";
import { AppError } from "#errors";

/** Printable ASCII; some clients put it in quotation marks, which are then part of it. */
const ACCEPTABLE = /^[\x20-\x7e]{1,255}$/;

/** As `/openapi.json` tells it. */
export const IDEMPOTENCY_KEY = { "idempotency-key": "The same key and request again answer the run that was made, and make none." };

/** The key under which a client may send the same request again without a second run; null when it gave none. @throws AppError `invalid_request` */
export function idempotencyKey(request: Request): string | null {
  const key = request.get("idempotency-key");
  if (key === undefined) return null;
  if (!ACCEPTABLE.test(key)) throw new AppError("invalid_request", "Idempotency-Key must be 1 to 255 printable ASCII characters; a UUID is a good one.");
  return key;
}
