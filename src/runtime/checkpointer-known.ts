/**
 * Which list parts of a thread are surely stored, so that a put need not send them again. True only for the thread's generation it
 * was learnt at: every put names that generation, and a statement that finds another one writes nothing (see `put-checkpoints.ts`).
 * So this may forget anything at any time and may be stale, but never harmful.
 */
export class KnownParts {
  readonly #threads = new Map<string, { generation: string; hashes: Set<string> }>();
  readonly #most: number;
  #count = 0;

  /** @param most hashes kept over all threads; the threads used longest ago go first */
  constructor(most: number) {
    this.#most = most;
  }

  /** The generation to name, and what is known under it. Null: nothing is. */
  find(threadId: string): { generation: string; hashes: ReadonlySet<string> } | null {
    return this.#threads.get(threadId) ?? null;
  }

  learn(threadId: string, generation: string, hashes: Iterable<string>): void {
    const before = this.#threads.get(threadId);
    const entry = before?.generation === generation ? before : { generation, hashes: new Set<string>() };
    if (before && before !== entry) this.forget(threadId);
    const size = entry.hashes.size;
    for (const hash of hashes) entry.hashes.add(hash);
    this.#count += entry.hashes.size - size;
    // a Map keeps the order of insertion: taken out and put in again is "used just now"
    this.#threads.delete(threadId);
    this.#threads.set(threadId, entry);
    for (const oldest of this.#threads.keys()) {
      if (this.#count <= this.#most && this.#threads.size <= this.#most) break;
      this.forget(oldest);
    }
  }

  forget(threadId: string): void {
    this.#count -= this.#threads.get(threadId)?.hashes.size ?? 0;
    this.#threads.delete(threadId);
  }
}
