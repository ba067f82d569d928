import type { Fence } from "#db/queries/fence.ts";

type Attempt = Pick<Fence, "runId" | "epoch">;

/**
 * Checkpoints and writes that attempts of runs have asked for and that have not come to an end. LangGraph lets go of a run that is aborted at
 * once, and saves behind its back what is to be saved: with durability `exit` that is everything.
 */
export class WritesUnderWay {
  readonly #attempts = new Map<string, Set<Promise<unknown>>>();

  /** Whatever no attempt asks for is passed on. */
  track<T>(attempt: Attempt | null, work: Promise<T>): Promise<T> {
    if (attempt === null) return work;
    const key = keyOf(attempt);
    const underWay = this.#attempts.get(key) ?? new Set();
    this.#attempts.set(key, underWay.add(work));
    const done = () => {
      underWay.delete(work);
      if (underWay.size === 0 && this.#attempts.get(key) === underWay) this.#attempts.delete(key);
    };
    work.then(done, done);
    return work;
  }

  /** Waits until nothing is under way, or about to be: what an abort brings on is asked for within a turn of the event loop. False: it took too long. */
  async settled(attempt: Attempt, limitMs: number): Promise<boolean> {
    const { promise: limit, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, limitMs, false);
    try {
      for (;;) {
        await new Promise((next) => setImmediate(next));
        const underWay = this.#attempts.get(keyOf(attempt));
        if (underWay === undefined) return true;
        if ((await Promise.race([limit, Promise.allSettled(underWay)])) === false) return false;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function keyOf({ runId, epoch }: Attempt): string {
  return `${runId} ${epoch}`;
}
