import { once } from "node:events";
import type { Response } from "express";
import { toAppError } from "#errors";
import type { Log } from "#log";
import type { RunStream } from "#ports/services/runs.ts";
import type { StreamFrame } from "#protocol/wire.ts";

/**
 * Server-sent events of a run.
 *
 * A stream is *open* from the headers on. It ends in one of two ways, and clients tell them apart: when the run is over the response is
 * ended properly, which in this protocol is the only end marker; in every other case (the bus dropped a slow reader, the process shuts
 * down, something broke) the connection is cut, and a client that has seen `Location` comes back with `Last-Event-ID`.
 *
 * A comment is sent every few seconds so that clients notice a dead connection. It is one line without a blank line after it: a
 * blank line would make the SDK's reader emit an empty event once it has seen an id.
 */
export interface SseOptions {
  log: Log;
  /** Milliseconds between comments; 5,000 unless told. */
  heartbeatMs?: number;
  /** Milliseconds a reader may leave the connection full before it is dropped; 30,000 unless told. */
  slowReaderMs?: number;
  /** Told when a stream begins; what it answers is called at the end. */
  opened?: () => () => void;
}

const HEARTBEAT = ": heartbeat\n";
const CUT = ": cut\n";
const HEARTBEAT_MS = 5_000;
const SLOW_READER_MS = 30_000;

/** Sends the headers, so that a client learns the run's address before its first event. */
export function openEventStream(response: Response): void {
  response.status(200).set({ "cache-control": "no-cache, no-store", "x-accel-buffering": "no" });
  // not through Express, which would add a charset
  response.setHeader("content-type", "text/event-stream");
  response.flushHeaders();
}

/** Follows the stream until it ends, the client leaves, or the reader is too slow. Never throws. */
export async function sendEvents(response: Response, stream: RunStream, options: SseOptions): Promise<void> {
  if (!response.headersSent) openEventStream(response);
  await sendTexts(response, formatted(stream), options);
}

async function* formatted(stream: RunStream): AsyncGenerator<string> {
  for await (const frame of stream) yield formatFrame(frame);
}

/** The same for events of another protocol: each text is one whole event. The headers are sent already. Never throws. */
export async function sendTexts(response: Response, events: AsyncIterable<string>, options: SseOptions): Promise<void> {
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain && response.writable) response.write(HEARTBEAT);
  }, options.heartbeatMs ?? HEARTBEAT_MS);
  heartbeat.unref();
  const closed = options.opened?.();
  try {
    for await (const event of events) {
      if (response.destroyed) return;
      if (!response.write(event)) await drained(response, options.slowReaderMs ?? SLOW_READER_MS);
    }
    response.end();
  } catch (error) {
    if (!response.destroyed) options.log.warn({ code: toAppError(error).code, err: error }, "stream cut; the client can resume it");
    cut(response);
  } finally {
    clearInterval(heartbeat);
    closed?.();
  }
}

/** Breaks the connection without ending the answer, after what was already written has left; a reader that takes nothing waits for nothing. */
function cut(response: Response): void {
  if (response.destroyed || response.writableNeedDrain) response.destroy();
  else response.write(CUT, () => response.destroy());
}

/** `event`, `data`, `id`, blank line. Line ends inside a field would forge another field or event. */
export function formatFrame(frame: StreamFrame): string {
  return `event: ${oneLine(frame.event)}\ndata: ${oneLine(frame.data)}\nid: ${oneLine(frame.id)}\n\n`;
}

function oneLine(text: string): string {
  return /[\r\n\0]/.test(text) ? text.replaceAll(/[\r\n\0]/g, " ") : text;
}

async function drained(response: Response, limitMs: number): Promise<void> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`the reader took nothing for ${limitMs} ms`)), limitMs);
  const gone = () => limit.abort(new Error("the client went away"));
  response.once("close", gone);
  try {
    if (response.writableNeedDrain) await once(response, "drain", { signal: limit.signal });
  } finally {
    clearTimeout(timer);
    response.off("close", gone);
  }
}
