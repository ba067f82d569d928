import type { StreamFrame } from "#protocol/wire.ts";
import { type BusEvent, type BusLimits, DEFAULT_BUS_LIMITS, type StreamBus } from "./bus.ts";
import { FrameBuffer } from "./frame-buffer.ts";

/** Longest time a reader sleeps; in one process a wake-up is never lost, so this only bounds a mistake. */
const LOOK_AGAIN_MS = 30_000;

/** The bus of a process that serves and executes alone. */
export class MemoryStreamBus implements StreamBus {
  readonly #limits: BusLimits;
  readonly #buffers = new Map<string, FrameBuffer>();
  readonly #forgetting = new Map<string, NodeJS.Timeout>();

  constructor(limits: Partial<BusLimits> = {}) {
    this.#limits = { ...DEFAULT_BUS_LIMITS, ...limits };
  }

  begin(runId: string): void {
    this.#buffer(runId);
  }

  publish(runId: string, frames: readonly StreamFrame[]): void {
    this.#buffer(runId).append(frames);
  }

  async end(runId: string): Promise<void> {
    this.#buffer(runId).end();
    const timer = setTimeout(() => this.#drop(runId), this.#limits.keepMs);
    timer.unref();
    clearTimeout(this.#forgetting.get(runId));
    this.#forgetting.set(runId, timer);
  }

  async flush(): Promise<void> {}

  async last(runId: string): Promise<number> {
    return this.#buffers.get(runId)?.last ?? -1;
  }

  async *subscribe(runId: string, options: { after: number; signal: AbortSignal }): AsyncIterable<BusEvent> {
    const buffer = this.#buffer(runId);
    let position = options.after;
    while (!options.signal.aborted) {
      if (position < buffer.trimmed) {
        yield { kind: "gap", next: buffer.first };
        position = buffer.trimmed;
      }
      const frames = buffer.after(position);
      for (const frame of frames) {
        if (Number(frame.id) <= position) continue;
        yield { kind: "frame", frame };
        if (options.signal.aborted) return;
        position = Number(frame.id);
        if (position < buffer.trimmed) break;
      }
      if (frames.length > 0) continue;
      if (buffer.ended) return;
      await buffer.changed(options.signal, LOOK_AGAIN_MS);
    }
  }

  async forget(runId: string): Promise<void> {
    this.#buffers.get(runId)?.end();
    this.#drop(runId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#forgetting.values()) clearTimeout(timer);
    for (const buffer of this.#buffers.values()) buffer.end();
    this.#buffers.clear();
  }

  #buffer(runId: string): FrameBuffer {
    let buffer = this.#buffers.get(runId);
    if (buffer === undefined) this.#buffers.set(runId, (buffer = new FrameBuffer(this.#limits)));
    return buffer;
  }

  #drop(runId: string): void {
    clearTimeout(this.#forgetting.get(runId));
    this.#forgetting.delete(runId);
    this.#buffers.delete(runId);
  }
}
