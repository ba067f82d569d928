import type { Request } from "express";
import { configurableHeaders } from "./configurable-headers.ts";
import { idempotencyKey } from "./idempotency-key.ts";

/** What the headers of a request say about the run that it makes. */
export function createdWith(request: Request): { headers: Record<string, string>; idempotencyKey: string | null } {
  return { headers: configurableHeaders(request.headers), idempotencyKey: idempotencyKey(request) };
}
