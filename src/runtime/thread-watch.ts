import { type ThreadMotion, threadsInMotion } from "#db/queries/threads-in-motion.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { Log } from "#log";

const LOOK_MS = 500;

interface Waiting {
  threadId: string;
  wake: (motion: ThreadMotion | null) => void;
}

/** Tells who waits for a thread that it moves. One statement a look, however many wait; none when nobody does. */
export class ThreadWatch {
  readonly #sql: Sql;
  readonly #log: Log;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | null = null;

  constructor(sql: Sql, log: Log) {
    this.#sql = sql;
    this.#log = log;
  }

  /** Resolves at the next look; null when the thread is gone, or on abort. */
  next(threadId: string, signal: AbortSignal): Promise<ThreadMotion | null> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        threadId,
        wake: (motion) => {
          signal.removeEventListener("abort", leave);
          this.#waiting.delete(waiting);
          resolve(motion);
        },
      };
      const leave = () => waiting.wake(null);
      this.#waiting.add(waiting);
      signal.addEventListener("abort", leave, { once: true });
      if (signal.aborted) leave();
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#timer !== null || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = null;
        this.#schedule();
      });
    }, LOOK_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const asked = [...this.#waiting];
    try {
      const found = new Map((await threadsInMotion(this.#sql, [...new Set(asked.map(({ threadId }) => threadId))])).map((row) => [row.thread_id, row]));
      for (const waiting of asked) waiting.wake(found.get(waiting.threadId) ?? null);
    } catch (error) {
      this.#log.warn({ err: error }, "threads could not be looked at; tried again");
    }
  }
}
