import type { StreamFrame } from "#protocol/wire.ts";

/**
 * Carries the frames of a run from the process that executes it to everybody who watches.
 *
 * Contract, held by every implementation and proved by one suite:
 * - Frames of a run are numbered from 0 by their publisher, one publisher at a time; the numbers are the SSE ids, so `Last-Event-ID` means
 *   the same on every bus. A later attempt goes on counting; after a crash the counter may jump, it never goes back.
 * - `publish` returns at once and keeps the order. Buffers are bounded: the oldest frames of a run are trimmed.
 * - `end` is called after the run's final status is committed. The marker is internal: watchers see their iteration end.
 * - A reader holds a position, not a queue. A reader whose position was trimmed gets a `gap` and goes on from the oldest frame kept.
 * - Hints may be lost; a reader looks again at least every second.
 * - No database or Redis connection is held by an open stream.
 */
export interface StreamBus extends AsyncDisposable {
  /** This process will publish the run, from its first frame on: watchers here need not look anywhere else. */
  begin(runId: string): void;
  /** Appends frames; `id` must count up by one from the first frame of this attempt. */
  publish(runId: string, frames: readonly StreamFrame[]): void;
  /** Closes the stream of a run once everything published is visible. Never rejects: a log that is away is written when it is back. */
  end(runId: string): Promise<void>;
  /** Waits until everything published so far can be read by other processes. */
  flush(runId: string): Promise<void>;
  /** Highest frame number known, -1 when there is none: where a new attempt goes on. */
  last(runId: string): Promise<number>;
  /**
   * Follows a run: what is buffered after `after` (-1: from the start; `ONLY_END`: nothing), then what comes, until `end` or abort. Ends
   * quietly on abort.
   */
  subscribe(runId: string, options: { after: number; signal: AbortSignal }): AsyncIterable<BusEvent>;
  /** Forgets a run's frames, for a deleted run. Never rejects. */
  forget(runId: string): Promise<void>;
}

/** The position of a reader who waits for the end and for nothing else. */
export const ONLY_END = Number.MAX_SAFE_INTEGER;

export type BusEvent = { kind: "frame"; frame: StreamFrame } | { kind: "gap"; next: number };

export interface BusLimits {
  /** Frames kept per run. */
  frames: number;
  /** Bytes of data kept per run. */
  bytes: number;
  /** How long an ended run can still be replayed. */
  keepMs: number;
}

export const DEFAULT_BUS_LIMITS: BusLimits = { frames: 20_000, bytes: 32 * 1024 * 1024, keepMs: 15 * 60_000 };
