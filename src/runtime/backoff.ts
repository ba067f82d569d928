import { setTimeout as delay } from "node:timers/promises";

/** Seconds to wait after the n-th failure (from 0): 1, 4, 16 … at most a minute. */
export function backoff(failures: number): number {
  return Math.min(60, 4 ** failures);
}

/** Repeats `work` while `when` says that its error may pass, 100 ms to 3 s apart. */
export async function retrying<T>(work: () => Promise<T>, options: { attempts: number; when: (error: unknown) => boolean }): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= options.attempts || !options.when(error)) throw error;
      await delay(Math.min(3_000, 100 * 2 ** attempt));
    }
  }
}
