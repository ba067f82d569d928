import type { Log } from "#log";
import { CATEGORIES } from "#protocol/events/event.ts";
import type { LogEvent } from "#protocol/events/events.ts";
import { matchesWildcard } from "../policies/wildcard.ts";

/** Sees an event before those who come after it do. What it throws is logged, and is nobody else's trouble. */
export type EventHandler = (event: LogEvent) => void | Promise<void>;

interface Subscriber {
  pattern: string;
  matches: (event: LogEvent) => boolean;
  handler: EventHandler;
  priority: number;
}

/** Listeners of this process. */
export class EventSubscribers {
  readonly #log: Log;
  #subscribers: readonly Subscriber[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  get size(): number {
    return this.#subscribers.length;
  }

  /**
   * @param pattern a category (`deploy`), a type (`run.ended`), or a type with `*` for any text (`tool.*`, `*.failed`, `*`)
   * @param options.priority the higher, the earlier; 0 unless told, equal ones in the order in which they came
   * @returns ends the subscription
   */
  subscribe(pattern: string, handler: EventHandler, { priority = 0 }: { priority?: number } = {}): () => void {
    const subscriber: Subscriber = { pattern, matches: matcherOf(pattern), handler, priority };
    this.#subscribers = [...this.#subscribers, subscriber].toSorted((one, other) => other.priority - one.priority);
    return () => {
      this.#subscribers = this.#subscribers.filter((one) => one !== subscriber);
    };
  }

  /** To one after the other, by priority; each is awaited. */
  async dispatch(event: LogEvent): Promise<void> {
    for (const { pattern, matches, handler } of this.#subscribers) {
      if (!matches(event)) continue;
      try {
        await handler(event);
      } catch (error) {
        this.#log.error({ err: error, type: event.type, seq: event.seq, pattern }, "a subscriber of events failed; the others go on");
      }
    }
  }
}

function matcherOf(pattern: string): (event: LogEvent) => boolean {
  if (CATEGORIES.some((category) => category === pattern)) return ({ category }) => category === pattern;
  return ({ type }) => matchesWildcard(pattern, type);
}
