import { AppError } from "#errors";

/** Deeper than anything a client means; far below where a recursive reader or PostgreSQL's jsonb would give up. */
export const MAX_DEPTH = 256;

/** The escapes by which JSON text can name what neither UTF-8 nor PostgreSQL can hold. */
const SUSPECT_ESCAPE = /\\u(?:0000|d[89a-f])/i;

/**
 * Reads a request body. NUL characters and lone surrogates, which cannot be stored, become U+FFFD, as a decoder of UTF-8 would do;
 * refusing them would lose a chat message over one character. Throws `invalid_request` for text that is not JSON or too deep.
 */
export function readJson(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_request", `Malformed JSON in request body: ${error instanceof Error ? error.message : "unreadable"}`, { cause: error });
  }
  if (!isWithinDepth(parsed)) throw new AppError("invalid_request", `The request body is nested deeper than ${MAX_DEPTH} levels.`);
  return SUSPECT_ESCAPE.test(text) ? wellFormed(parsed) : parsed;
}

/** Level by level instead of recursively: the input may be as deep as it likes. */
function isWithinDepth(root: unknown): boolean {
  let level = [root];
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null) continue;
      for (const child of Object.values(value)) if (typeof child === "object" && child !== null) next.push(child);
    }
    if (next.length === 0) return true;
    level = next;
  }
  return false;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\0", "\uFFFD");
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key), wellFormed(item)]));
}
