import type { StreamFrame } from "#protocol/wire.ts";
import { type FrameLog, type RunFrames, wholeRun } from "./frame-log.ts";

/** How long the first log is left alone after it failed. */
const REST_MS = 1_000;
/** Room in the numbers of a run for frames that stand in a log that cannot be asked. */
const UNSEEN = 1_000;
const MOST_PLAIN = 10_000;

/** Told at every failure and every success of the first log. */
export interface FirstLogWatch {
  away(error: unknown): void;
  back(): void;
}

/**
 * Two logs as one. The first (Redis) is the usual one:
 *
 *   up      frames go to the first. Readers ask the second only for runs that are known to have frames there, or may have.
 *   away    from the first failure on, frames go to the second (the database), for each run with everything that its publisher still has, so that
 *           readers miss nothing. The first is tried again once a second.
 *
 * It heals by itself: readers take from both and sort by number, whichever process was cut off from the first log and when.
 */
export class FallbackFrameLog implements FrameLog {
  readonly #first: FrameLog;
  readonly #second: FrameLog;
  readonly #watch: FirstLogWatch;
  #restUntil = 0;
  /** Runs whose publisher moved to the second log since the first was last written. */
  readonly #moved = new Set<string>();
  /** Runs that had nothing in the second log when it was asked; a hint from there takes them out. */
  readonly #plain = new Set<string>();

  constructor(logs: { first: FrameLog; second: FrameLog }, watch: FirstLogWatch) {
    this.#first = logs.first;
    this.#second = logs.second;
    this.#watch = watch;
  }

  async append(batch: readonly RunFrames[]): Promise<void> {
    if ((await this.#ask((log) => log.append(batch).then(() => true))) === true) {
      this.#moved.clear();
      return;
    }
    for (const run of batch) {
      this.#plain.delete(run.runId);
      const frames = this.#moved.has(run.runId) ? run.frames : wholeRun(run);
      await this.#second.append([{ ...run, frames }]);
      this.#moved.add(run.runId);
    }
  }

  async read(runId: string, after: number, limit: number): Promise<StreamFrame[]> {
    const found = await this.#ask((log) => log.read(runId, after, limit));
    if (found === null) return this.#second.read(runId, after, limit);
    const hole = found[0] !== undefined && Number(found[0].id) > after + 1;
    if (this.#plain.has(runId) && !hole) return found;
    if (this.#plain.size > MOST_PLAIN) this.#plain.clear();
    // before it is asked: a hint that comes meanwhile must not be lost
    this.#plain.add(runId);
    const more = await this.#second.read(runId, after, limit);
    if (more.length === 0) return found;
    this.#plain.delete(runId);
    const byNumber = new Map([...more, ...found].map((frame) => [Number(frame.id), frame]));
    return [...byNumber]
      .toSorted(([left], [right]) => left - right)
      .map(([, frame]) => frame)
      .slice(0, limit);
  }

  async last(runId: string): Promise<number> {
    const [first, second] = await Promise.all([this.#ask((log) => log.last(runId)), this.#second.last(runId)]);
    if (first === null) return second < 0 ? -1 : second + UNSEEN;
    return Math.max(first, second);
  }

  async ended(runId: string): Promise<boolean> {
    if ((await this.#ask((log) => log.ended(runId))) === true) return true;
    if (this.#plain.has(runId)) return false;
    // remembers a run that has nothing in the second log, so that not every hint of it asks there
    await this.read(runId, -1, 1);
    return !this.#plain.has(runId) && this.#second.ended(runId);
  }

  async forget(runId: string): Promise<void> {
    await Promise.all([this.#ask((log) => log.forget(runId)), this.#second.forget(runId)]);
  }

  async listen(onHint: (runId: string | null) => void): Promise<void> {
    await this.#second.listen((runId) => {
      if (runId === null) this.#plain.clear();
      else this.#plain.delete(runId);
      onHint(runId);
    });
    await this.#first.listen(onHint);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#first[Symbol.asyncDispose](), this.#second[Symbol.asyncDispose]()]);
  }

  /** Null when the first log is away. */
  async #ask<T>(work: (log: FrameLog) => Promise<T>): Promise<T | null> {
    if (performance.now() < this.#restUntil) return null;
    try {
      const done = await work(this.#first);
      this.#watch.back();
      return done;
    } catch (error) {
      this.#watch.away(error);
      this.#restUntil = performance.now() + REST_MS;
      this.#plain.clear();
      return null;
    }
  }
}
