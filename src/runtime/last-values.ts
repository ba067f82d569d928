/** Characters of JSON that are remembered. */
const ROOM = 16 * 1_024 * 1_024;
/** What an end takes besides its values: most runs of a busy server end with little. */
const ENTRY = 256;

/** How a run of this process ended. */
interface End {
  readonly valuesJson: string;
  /** It succeeded and asks nothing: its values are all there is to tell. */
  readonly plain: boolean;
}

/**
 * What the last runs of this process ended with: whoever waits for one gets it from here instead of reading back what was written a moment
 * ago. Forgotten when the room is full, the oldest first; then the database has it.
 */
export class LastValues {
  readonly #ends = new Map<string, End>();
  #size = 0;

  remember(runId: string, end: End): void {
    this.#forget(runId);
    this.#ends.set(runId, end);
    this.#size += end.valuesJson.length + ENTRY;
    for (const oldest of this.#ends.keys()) {
      if (this.#size <= ROOM) return;
      this.#forget(oldest);
    }
  }

  of(runId: string): End | null {
    return this.#ends.get(runId) ?? null;
  }

  #forget(runId: string): void {
    const end = this.#ends.get(runId);
    if (end !== undefined) this.#size -= end.valuesJson.length + ENTRY;
    this.#ends.delete(runId);
  }
}
