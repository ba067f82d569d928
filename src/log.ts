import { type DestinationStream, pino, type Logger } from "pino";

export type Log = Logger;

/** Keys whose values never reach a log line, wherever they stand. */
const REDACTED = ["authorization", "cookie", "password", "secret", "api_key", "apiKey", "x-api-key", "x-service-key", "value"].flatMap((key) => [
  `["${key}"]`,
  `*["${key}"]`,
  `*.*["${key}"]`,
]);

/** Redis' client hangs the command on what it threw: with a password, or with what somebody said, among its arguments. */
function tellError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const told: Record<string, unknown> = { ...pino.stdSerializers.err(error) };
  const { command } = told;
  if (typeof command === "object" && command !== null && "args" in command) told["command"] = "name" in command ? command.name : undefined;
  return told;
}

/**
 * The root logger: one JSON line an event on stderr, so that stdout stays for what a command prints.
 * Children carry `run_id`, `thread_id` and `node`.
 */
export function createLog(level: string, destination: DestinationStream = pino.destination({ fd: 2, sync: true })): Log {
  return pino({ level, redact: { paths: REDACTED, censor: "[redacted]" }, base: null, serializers: { err: tellError } }, destination);
}
