import type { Log } from "#log";

/** Tells in one line that Redis is away and in one that it is back, however many connections and commands notice. */
export class Outage {
  readonly #log: Log;
  readonly #away = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param connection that noticed; it is the one to say that it is back */
  away(connection: string, error: unknown): void {
    if (this.#away.size === 0) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn(`Redis (REDIS_URL) is away: ${reason}. Runs go on and their streams go through the database; Redis is tried again until it answers`);
    }
    this.#away.add(connection);
  }

  back(connection: string): void {
    if (this.#away.delete(connection) && this.#away.size === 0) this.#log.warn("Redis is back; streams go through it again");
  }
}
