import { randomUUID } from "node:crypto";
import type { Database, Subscription } from "#db/client.ts";
import { appendFrames } from "#db/queries/append-frames.ts";
import { STREAM_CHANNEL } from "#db/queries/notify.ts";
import { framesEnded, lastFrame, readFrames } from "#db/queries/read-frames.ts";
import { trimFrames, trimRunFrames } from "#db/queries/trim-frames.ts";
import type { Log } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import type { BusLimits } from "./bus.ts";
import { END_EVENT, type FrameLog, type RunFrames } from "./frame-log.ts";

const TRIM_EVERY_MS = 60_000;
/** A long run is trimmed about that often. */
const TRIM_RUN_EVERY = 2_000;
/** A run of few but large frames: when so many have left the publisher's window. */
const TRIM_WINDOW_EVERY = 100;

/** Frames in a table, with NOTIFY as a hint. */
export class TableFrameLog implements FrameLog {
  readonly #database: Database;
  readonly #limits: BusLimits;
  readonly #log: Log;
  readonly #name = randomUUID().slice(0, 8);
  readonly #trimmed = new Map<string, number>();
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(database: Database, log: Log, limits: BusLimits) {
    this.#database = database;
    this.#log = log;
    this.#limits = limits;
  }

  async append(batch: readonly RunFrames[]): Promise<void> {
    const rows = batch.flatMap(({ runId, frames }) => frames.map((frame) => ({ runId, sequence: Number(frame.id), event: frame.event, data: frame.data })));
    await appendFrames(this.#database.sql, rows, this.#name);
    for (const run of batch) await this.#trim(run);
  }

  read(runId: string, after: number, limit: number): Promise<StreamFrame[]> {
    return readFrames(this.#database.sql, { runId, after, limit });
  }

  last(runId: string): Promise<number> {
    return lastFrame(this.#database.sql, runId, END_EVENT);
  }

  ended(runId: string): Promise<boolean> {
    return framesEnded(this.#database.sql, runId, END_EVENT);
  }

  async forget(runId: string): Promise<void> {
    await trimRunFrames(this.#database.sql, runId, Number.MAX_SAFE_INTEGER);
  }

  async listen(onHint: (runId: string | null) => void): Promise<void> {
    this.#subscription = await this.#database.listen(STREAM_CHANNEL, {
      onNotify: (payload) => {
        const [publisher, runId] = payload.split(" ");
        if (publisher !== this.#name && runId !== undefined) onHint(runId);
      },
      onSubscribed: () => onHint(null),
    });
    this.#timer = setInterval(() => {
      trimFrames(this.#database.sql, this.#limits.keepMs / 1_000).catch((error: unknown) =>
        this.#log.warn({ err: error }, "old stream frames could not be trimmed"),
      );
    }, TRIM_EVERY_MS);
    this.#timer.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#subscription?.[Symbol.asyncDispose]();
  }

  async #trim({ runId, frames, trimmed }: RunFrames): Promise<void> {
    const [first, last] = [Number(frames[0]?.id), Number(frames.at(-1)?.id)];
    const passed = Math.floor(first / TRIM_RUN_EVERY) !== Math.floor((last + 1) / TRIM_RUN_EVERY);
    const oldest = trimmed() + 1;
    const left = oldest - (this.#trimmed.get(runId) ?? 0);
    const below = Math.max(passed ? last - this.#limits.frames : 0, left >= TRIM_WINDOW_EVERY ? oldest : 0);
    if (below > 0) {
      this.#trimmed.set(runId, oldest);
      await trimRunFrames(this.#database.sql, runId, below);
    }
    if (frames.at(-1)?.event === END_EVENT) this.#trimmed.delete(runId);
  }
}
