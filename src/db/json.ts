/**
 * PostgreSQL's `jsonb` and `text` refuse two things that JavaScript strings may hold: NUL anywhere (22P05, 22021) and half a surrogate
 * pair in `jsonb` (22P02). A model or a tool can produce either, so both become U+FFFD on the way in. Exact bytes belong in `bytea`.
 */

// JSON.stringify writes whole pairs raw and half a pair as \udXXX, so every such escape in its output is a lone one
const UNSTORABLE_ESCAPE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi;

/** JSON text (as JSON.stringify writes it) that `jsonb` accepts. */
export function storableJsonText(text: string): string {
  return text.includes("\\u") ? text.replaceAll(UNSTORABLE_ESCAPE, "$1\ufffd") : text;
}

/** Text that a `text` column accepts. */
export function storableText(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
}

/**
 * JSON text of a value for a `jsonb` parameter; `undefined` becomes `null`.
 * Parameters of a {@link Database} pass through the same cleaning, so this is needed only where another client writes.
 */
export function toJsonb(value: unknown): string {
  return storableJsonText(JSON.stringify(value) ?? "null");
}
