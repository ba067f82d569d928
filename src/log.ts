import { pino, type Logger } from "pino";

export type Log = Logger;

/** Keys whose values never reach a log line, wherever they stand. */
const REDACTED = ["authorization", "cookie", "password", "secret", "api_key", "apiKey", "x-api-key", "x-service-key", "value"].flatMap((key) => [
  `["${key}"]`,
  `*["${key}"]`,
  `*.*["${key}"]`,
]);

/**
 * The root logger: one JSON line an event on stderr, so that stdout stays for what a command prints.
 * Children carry `run_id`, `thread_id` and `node`.
 */
export function createLog(level: string): Log {
  return pino({ level, redact: { paths: REDACTED, censor: "[redacted]" }, base: null }, pino.destination({ fd: 2, sync: true }));
}
