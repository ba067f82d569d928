/** Characters of JSON that are remembered. */
const ROOM = 16 * 1_024 * 1_024;

/**
 * What the last runs of this process ended with: whoever waits for one gets it from here instead of reading back what was written a moment
 * ago. Forgotten when the room is full, the oldest first; then the database has it.
 */
export class LastValues {
  readonly #json = new Map<string, string>();
  #size = 0;

  remember(runId: string, valuesJson: string): void {
    this.#forget(runId);
    this.#json.set(runId, valuesJson);
    this.#size += valuesJson.length;
    for (const oldest of this.#json.keys()) {
      if (this.#size <= ROOM) return;
      this.#forget(oldest);
    }
  }

  of(runId: string): string | null {
    return this.#json.get(runId) ?? null;
  }

  #forget(runId: string): void {
    this.#size -= this.#json.get(runId)?.length ?? 0;
    this.#json.delete(runId);
  }
}
