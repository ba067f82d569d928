import type { Log } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import { type BusEvent, type BusLimits, DEFAULT_BUS_LIMITS, type StreamBus } from "./bus.ts";
import { FrameBuffer } from "./frame-buffer.ts";
import { END_EVENT, type FrameLog } from "./frame-log.ts";

/** Frames wait that long for company before they are written; watchers in this process do not wait. */
const FLUSH_MS = 20;
const READ_LIMIT = 500;
/** Hints may be lost. */
const LOOK_AGAIN_MS = 1_000;
const RETRY_MS = 500;
/** Local copies of ended runs go sooner than the log's: they only spare reads. */
const KEEP_LOCAL_MS = 30_000;

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
  #queue = new Map<string, StreamFrame[]>();
  #queued = 0;
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

  publish(runId: string, frames: readonly StreamFrame[]): void {
    this.#buffer(runId).append(frames);
    this.#wake(runId);
    this.#enqueue(runId, frames);
    this.#flushTimer ??= setTimeout(() => void this.#flush(), FLUSH_MS);
  }

  async end(runId: string): Promise<void> {
    const local = this.#local.get(runId);
    const last = local?.last ?? (await this.#log.last(runId));
    this.#enqueue(runId, [{ id: String(last + 1), event: END_EVENT, data: "null" }]);
    if (local !== undefined) {
      local.end();
      this.#later(KEEP_LOCAL_MS, () => this.#local.delete(runId));
    }
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
    while (!options.signal.aborted) {
      const local = this.#local.get(runId);
      const useLocal = local !== undefined && position >= local.first - 1;
      const changed = this.#changed(runId, options.signal, useLocal && !local.ended ? LOOK_AGAIN_MS * 10 : LOOK_AGAIN_MS);
      const frames = useLocal ? local.after(position, READ_LIMIT) : await this.#read(runId, position);
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
    this.#queue.delete(runId);
    this.#wake(runId);
    await this.#log.forget(runId);
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
    const waiting = this.#queue.get(runId);
    if (waiting === undefined) this.#queue.set(runId, [...frames]);
    else waiting.push(...frames);
    this.#queued += frames.length;
    // the log is away for long: what nobody could read any more need not be kept
    if (this.#queued > this.#limits.frames * 5) {
      this.#out.warn({ frames: this.#queued }, "the stream log cannot be written; the oldest frames are dropped");
      this.#queue = new Map([...this.#queue].map(([id, all]) => [id, all.slice(-100)]));
      this.#queued = [...this.#queue.values()].reduce((sum, all) => sum + all.length, 0);
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
    const batch = [...this.#queue].map(([runId, frames]) => ({ runId, frames }));
    this.#queue = new Map();
    this.#queued = 0;
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

  async #read(runId: string, after: number): Promise<StreamFrame[]> {
    try {
      return await this.#log.read(runId, after, READ_LIMIT);
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
