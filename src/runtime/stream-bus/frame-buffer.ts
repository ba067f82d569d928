import type { StreamFrame } from "#protocol/wire.ts";
import type { BusLimits } from "./bus.ts";

/**
 * The frames of one run in this process: a window trimmed from the front, with a wake-up for its readers.
 * Numbers rise but may jump (an attempt after a crash), so positions are searched, not computed.
 */
export class FrameBuffer {
  ended = false;
  /** Highest number that was dropped from the front, -1 when nothing was. */
  trimmed = -1;
  readonly #frames: StreamFrame[] = [];
  readonly #limits: BusLimits;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;

  constructor(limits: BusLimits) {
    this.#limits = limits;
  }

  get last(): number {
    const newest = this.#frames.at(-1);
    return newest === undefined ? this.trimmed : Number(newest.id);
  }

  /** Number of the oldest frame kept, or the one that will come next. */
  get first(): number {
    const oldest = this.#frames[0];
    return oldest === undefined ? this.trimmed + 1 : Number(oldest.id);
  }

  /** Appends what is newer than the newest; anything else is already here. */
  append(frames: readonly StreamFrame[]): void {
    let last = this.last;
    for (const frame of frames) {
      const number = Number(frame.id);
      if (number <= last) continue;
      last = number;
      this.#frames.push(frame);
      this.#bytes += frame.data.length;
    }
    let surplus = 0;
    while (surplus < this.#frames.length - 1 && (this.#frames.length - surplus > this.#limits.frames || this.#bytes > this.#limits.bytes)) {
      const frame = this.#frames[surplus++];
      if (frame === undefined) break;
      this.#bytes -= frame.data.length;
      this.trimmed = Number(frame.id);
    }
    if (surplus > 0) this.#frames.splice(0, surplus);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  /** Frames after a number, oldest first. */
  after(number: number, limit = 512): StreamFrame[] {
    let low = 0;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.#frames[middle]?.id) > number) high = middle;
      else low = middle + 1;
    }
    return this.#frames.slice(low, low + limit);
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** Resolves at the next change, on abort, or after `timeoutMs`. */
  changed(signal: AbortSignal, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.add(done);
      if (signal.aborted) done();
    });
  }
}
