import type { Log } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import { type BusEvent, type BusLimits, DEFAULT_BUS_LIMITS, ONLY_END, type StreamBus } from "./bus.ts";
import { FrameBuffer } from "./frame-buffer.ts";
import { END_EVENT, type FrameLog, type RunFrames } from "./frame-log.ts";

/** Frames wait that long for company before they are written; watchers in this process do not wait. */
const FLUSH_MS = 20;
const READ_LIMIT = 500;
/** Bytes of data that a reader has in hand at a time, about; and those that one statement writes. */
const READ_BYTES = 1024 * 1024;
const WRITE_BYTES = 4 * 1024 * 1024;
/** Hints may be lost. */
const LOOK_AGAIN_MS = 1_000;
const RETRY_MS = 500;
/** Local copies of ended runs go sooner than the log's: they only spare reads. */
const KEEP_LOCAL_MS = 30_000;

interface Queued {
  frames: StreamFrame[];
  bytes: number;
}

/**
 * A bus between processes: frames go to the watchers of this process at once and to a log in batches, where other processes read them. A
 * watcher follows the local buffer while this process publishes the run, the log otherwise, and changes over whenever that changes.
 */
export class LogStreamBus implements StreamBus {
  readonly #log: FrameLog;
  readonly #out: Log;
  readonly #limits: BusLimits;
  readonly #local = new Map<string, FrameBuffer>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #queue = new Map<string, Queued>();
  #queuedBytes = 0;
  #flushing: Promise<void> | null = null;
  #flushTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(log: FrameLog, out: Log, limits: Partial<BusLimits> = {}) {
    this.#log = log;
    this.#out = out;
    this.#limits = { ...DEFAULT_BUS_LIMITS, ...limits };
  }

  async open(): Promise<this> {
    await this.#log.listen((runId) => {
      // another process publishes this run now: what is buffered here is out of date
      if (runId !== null) this.#local.delete(runId);
      this.#wake(runId);
    });
    return this;
  }

  begin(runId: string): void {
    this.#buffer(runId);
    this.#wake(runId);
  }

  publish(runId: string, frames: readonly StreamFrame[]): void {
    this.#buffer(runId).append(frames);
    this.#wake(runId);
    this.#enqueue(runId, frames);
    this.#flushTimer ??= setTimeout(() => void this.#flush(), FLUSH_MS);
  }

  async end(runId: string): Promise<void> {
    const local = this.#local.get(runId);
    if (local === undefined) return this.#endUnseen(runId);
    local.end();
    this.#later(KEEP_LOCAL_MS, () => this.#local.delete(runId));
    this.#mark(runId, local.last);
  }

  /** Only the log knows how far the run came. The run has ended already: whoever says so must not fail because the log is away for a moment. */
  async #endUnseen(runId: string): Promise<void> {
    try {
      this.#mark(runId, await this.#log.last(runId));
    } catch (error) {
      if (this.#closed) return;
      this.#out.warn({ err: error, run_id: runId }, "the end of a stream could not be written; tried again");
      this.#later(RETRY_MS, () => void this.#endUnseen(runId));
    }
  }

  #mark(runId: string, last: number): void {
    this.#enqueue(runId, [{ id: String(last + 1), event: END_EVENT, data: "null" }]);
    this.#wake(runId);
    // nobody here waits for the log: it is written while the next run begins
    void this.#flush();
  }

  async flush(runId: string): Promise<void> {
    await this.#flush();
    // whoever takes the run next publishes it; watchers here follow the log from now on
    this.#local.delete(runId);
    this.#wake(runId);
  }

  async last(runId: string): Promise<number> {
    return Math.max(this.#local.get(runId)?.last ?? -1, await this.#log.last(runId));
  }

  async *subscribe(runId: string, options: { after: number; signal: AbortSignal }): AsyncIterable<BusEvent> {
    let position = options.after;
    let limit = READ_LIMIT;
    while (!options.signal.aborted) {
      const local = this.#local.get(runId);
      const useLocal = local !== undefined && position >= local.first - 1;
      const changed = this.#changed(runId, options.signal, useLocal && !local.ended ? LOOK_AGAIN_MS * 10 : LOOK_AGAIN_MS);
      // its number says nothing to whoever waits for no other frame
      if (position === ONLY_END && !useLocal && (await this.#hasEnded(runId))) return changed.cancel();
      const frames = useLocal ? local.after(position, limit) : position === ONLY_END ? [] : await this.#read(runId, position, limit);
      // few large frames at a time, many small ones: a slow reader holds no more than that
      const bytes = frames.reduce((sum, frame) => sum + frame.data.length, 0);
      if (frames.length > 0) limit = Math.max(1, Math.min(READ_LIMIT, Math.floor((READ_BYTES * frames.length) / (bytes + 1))));
      for (const frame of frames) {
        const number = Number(frame.id);
        if (number <= position) continue;
        if (frame.event === END_EVENT) return changed.cancel();
        if (number > position + 1) yield { kind: "gap", next: number };
        yield { kind: "frame", frame };
        position = number;
        if (options.signal.aborted) return changed.cancel();
      }
      if (frames.length > 0) changed.cancel();
      else if (useLocal && local.ended) return changed.cancel();
      else await changed.promise;
    }
  }

  async forget(runId: string): Promise<void> {
    this.#local.get(runId)?.end();
    this.#local.delete(runId);
    this.#queuedBytes -= this.#queue.get(runId)?.bytes ?? 0;
    this.#queue.delete(runId);
    this.#wake(runId);
    try {
      await this.#log.forget(runId);
    } catch (error) {
      // the run is gone whatever becomes of its frames; they are trimmed in time
      this.#out.warn({ err: error, run_id: runId }, "the frames of a deleted run could not be removed");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    await Promise.race([this.#flush(), new Promise((resolve) => this.#later(2_000, () => resolve(undefined)))]);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const buffer of this.#local.values()) buffer.end();
    for (const runId of this.#waiting.keys()) this.#wake(runId);
    await this.#log[Symbol.asyncDispose]();
  }

  #buffer(runId: string): FrameBuffer {
    let buffer = this.#local.get(runId);
    if (buffer === undefined) this.#local.set(runId, (buffer = new FrameBuffer(this.#limits)));
    return buffer;
  }

  #enqueue(runId: string, frames: readonly StreamFrame[]): void {
    const waiting = this.#queue.get(runId) ?? { frames: [], bytes: 0 };
    this.#queue.set(runId, waiting);
    const before = waiting.bytes;
    for (const frame of frames) {
      waiting.frames.push(frame);
      waiting.bytes += frame.data.length;
    }
    // written slower than published: what would be trimmed from the log at once need not be written
    let surplus = 0;
    while (surplus < waiting.frames.length - 1 && (waiting.bytes > this.#limits.bytes || waiting.frames.length - surplus > this.#limits.frames)) {
      waiting.bytes -= waiting.frames[surplus++]?.data.length ?? 0;
    }
    waiting.frames.splice(0, surplus);
    this.#queuedBytes += waiting.bytes - before;
    if (this.#queuedBytes > this.#limits.bytes * 4) this.#shed();
  }

  /** The log is away, or too slow for all runs together. */
  #shed(): void {
    this.#out.warn({ bytes: this.#queuedBytes }, "the stream log cannot be written; the oldest frames are dropped");
    this.#queuedBytes = 0;
    for (const waiting of this.#queue.values()) {
      waiting.frames = waiting.frames.slice(-Math.ceil(waiting.frames.length / 4));
      waiting.bytes = waiting.frames.reduce((sum, frame) => sum + frame.data.length, 0);
      this.#queuedBytes += waiting.bytes;
    }
  }

  /** Writes everything that waits; one statement at a time, so that frames keep their order and company grows under load. */
  async #flush(): Promise<void> {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    while (this.#flushing !== null || this.#queue.size > 0) {
      if (this.#flushing === null) this.#flushing = this.#write().finally(() => (this.#flushing = null));
      await this.#flushing;
    }
  }

  async #write(): Promise<void> {
    const batch = this.#nextBatch();
    for (;;) {
      try {
        return await this.#log.append(batch);
      } catch (error) {
        if (this.#closed) return;
        this.#out.warn({ err: error }, "the stream log could not be written; tried again");
        await new Promise<void>((resolve) => this.#later(RETRY_MS, resolve));
      }
    }
  }

  /** Takes runs from the queue, and of the last one only a part, until there is enough for one statement. */
  #nextBatch(): RunFrames[] {
    const batch: RunFrames[] = [];
    let bytes = 0;
    for (const [runId, waiting] of this.#queue) {
      let count = 0;
      let taken = 0;
      while (count < waiting.frames.length && (bytes + taken < WRITE_BYTES || count === 0)) taken += waiting.frames[count++]?.data.length ?? 0;
      batch.push({
        runId,
        frames: waiting.frames.splice(0, count),
        kept: () => this.#local.get(runId)?.after(-1, Number.POSITIVE_INFINITY) ?? [],
        trimmed: () => this.#local.get(runId)?.trimmed ?? -1,
      });
      bytes += taken;
      waiting.bytes -= taken;
      if (waiting.frames.length === 0) this.#queue.delete(runId);
      if (bytes >= WRITE_BYTES) break;
    }
    this.#queuedBytes -= bytes;
    return batch;
  }

  async #hasEnded(runId: string): Promise<boolean> {
    try {
      return await this.#log.ended(runId);
    } catch (error) {
      if (this.#closed) throw error;
      this.#out.warn({ err: error, run_id: runId }, "the stream log could not be read; tried again");
      return false;
    }
  }

  async #read(runId: string, after: number, limit: number): Promise<StreamFrame[]> {
    try {
      return await this.#log.read(runId, after, limit);
    } catch (error) {
      if (this.#closed) throw error;
      this.#out.warn({ err: error, run_id: runId }, "the stream log could not be read; tried again");
      return [];
    }
  }

  #wake(runId: string | null): void {
    const runs = runId === null ? [...this.#waiting.keys()] : [runId];
    for (const id of runs) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      for (const resolve of waiting ?? []) resolve();
    }
  }

  /** Resolves at the next wake-up of the run, on abort, or after a while. Taken before looking, so that nothing comes in between. */
  #changed(runId: string, signal: AbortSignal, timeoutMs: number): { promise: Promise<void>; cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      const waiting = this.#waiting.get(runId);
      waiting?.delete(done);
      if (waiting?.size === 0) this.#waiting.delete(runId);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    signal.addEventListener("abort", done, { once: true });
    const waiting = this.#waiting.get(runId) ?? new Set();
    waiting.add(done);
    this.#waiting.set(runId, waiting);
    return { promise, cancel: done };
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }
}
