import type { Database, Subscription } from "#db/client.ts";
import type { EventScope } from "#db/queries/event-conditions.ts";
import type { EventRow } from "#db/queries/event-row.ts";
import { EVENTS_CHANNEL } from "#db/queries/notify.ts";
import { endsOfLogs, readEvents } from "#db/queries/read-events.ts";
import { sweepEvents } from "#db/queries/sweep-events.ts";
import type { Log } from "#log";
import type { EventFilter } from "#ports/events.ts";
import { LogEvent } from "#protocol/events/events.ts";
import { type EventHandler, EventSubscribers } from "./event-subscribers.ts";
import { sequenceEvents } from "./sequence-events.ts";

export interface EventLogOptions {
  database: Database;
  log: Log;
  /** Between two looks when nobody here waits for events; 1,000 unless told. */
  idleMs?: number;
  /** Between two looks when somebody does; 150 unless told. */
  watchedMs?: number;
  /** Days that events are kept; null: for ever. The audit log is always kept. */
  keepDays?: number | null;
}

const AT_ONCE = 500;
const SWEEP_EVERY_MS = 10 * 60_000;
const SWEPT_AT_ONCE = 2_000;
const EVERYTHING: EventScope = { owner: "", access: { owner: null, contains: {} }, all: true };

/** Places what was told and reads what is new, or only reads. */
type Look = "place" | "read";

/**
 * The log of events as one process has it. Once a second, or more often while somebody here waits, it places what was told (see
 * `sequence-events.ts`). Then, and whenever a process says that it placed some, it gives what is new to the subscribers of this process, and
 * wakes those who follow. Followers hold a position, not a queue and not a connection: one that is slow reads on from where it is.
 */
export class EventLog implements AsyncDisposable {
  readonly #database: Database;
  readonly #log: Log;
  readonly #idleMs: number;
  readonly #watchedMs: number;
  readonly #subscribers: EventSubscribers;
  readonly #keepDays: number | null;
  readonly #followers = new Set<() => void>();
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #next: Look | null = null;
  #stopped = false;
  #sweepAt = 0;
  /** Up to here the subscribers were told. */
  #told: number | null = null;
  /** Up to here followers were woken. */
  #known = 0;

  constructor({ database, log, idleMs = 1_000, watchedMs = 150, keepDays = null }: EventLogOptions) {
    this.#database = database;
    this.#log = log;
    this.#idleMs = idleMs;
    this.#watchedMs = watchedMs;
    this.#keepDays = keepDays;
    this.#subscribers = new EventSubscribers(log);
  }

  async start(): Promise<void> {
    this.#told = (await endsOfLogs(this.#database.sql)).seq;
    this.#known = this.#told;
    this.#subscription = await this.#database.listen(EVENTS_CHANNEL, { onNotify: (seq) => this.#hear(Number(seq)), onSubscribed: () => this.look() });
    this.#schedule();
  }

  /** Listens in this process, from now on; see `EventSubscribers`. Each process hears every event. */
  subscribe(pattern: string, handler: EventHandler, options: { priority?: number } = {}): () => void {
    const unsubscribe = this.#subscribers.subscribe(pattern, handler, options);
    this.look();
    return unsubscribe;
  }

  /** A hint that something was told. */
  look(): void {
    this.#begin("place");
  }

  /** Up to here events were placed, by whatever process. To place more because of that would go on for as long as anything happens. */
  #hear(seq: number): void {
    if (this.#isWatched() && seq > this.#known) this.#begin("read");
  }

  #begin(look: Look): void {
    if (this.#stopped) return;
    if (this.#looking !== null) {
      if (this.#next !== "place") this.#next = look;
      return;
    }
    this.#looking = this.#lookOnce(look)
      .catch((error: unknown) => this.#log.warn({ err: error }, "events could not be looked at; tried again"))
      .finally(() => {
        this.#looking = null;
        if (look === "place") this.#schedule();
        const next = this.#next;
        this.#next = null;
        if (next !== null) this.#begin(next);
      });
  }

  /** Places everything that was committed before, so that what is read next holds it. */
  async settle(): Promise<void> {
    await sequenceEvents(this.#database.sql, { wait: true });
  }

  /** Events after a number (null: from now on), then those that come. Ends quietly on abort. */
  async *follow(scope: EventScope, filter: EventFilter, options: { after: number; signal: AbortSignal }): AsyncGenerator<LogEvent> {
    const { signal } = options;
    let position = options.after;
    let woken = true;
    let wake: () => void = () => {};
    const onChange = () => {
      woken = true;
      wake();
    };
    this.#followers.add(onChange);
    signal.addEventListener("abort", onChange);
    this.look();
    try {
      while (!signal.aborted) {
        woken = false;
        // before the read: what is placed meanwhile wakes again
        const known = this.#known;
        const rows = await readEvents(this.#database.sql, scope, filter, { limit: AT_ONCE, order: "asc", cursor: position });
        for (const event of eventsOf(rows)) {
          yield event;
          if (signal.aborted) return;
          position = event.seq;
        }
        if (rows.length === AT_ONCE) continue;
        // of others' events nothing is read twice
        position = Math.max(position, known);
        if (!woken) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", onChange);
      this.#followers.delete(onChange);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#subscription?.[Symbol.asyncDispose]();
    await this.#looking;
  }

  async #lookOnce(look: Look): Promise<void> {
    const { sql } = this.#database;
    // whoever subscribes hears what is placed from then on
    if (this.#told === null && this.#subscribers.size > 0) this.#told = (await endsOfLogs(sql)).seq;
    if (look === "place") {
      await sequenceEvents(sql, { wait: false });
      await this.#sweep();
    }
    if (!this.#isWatched()) {
      // whoever subscribes hears what is placed from then on
      this.#told = null;
      return;
    }
    const { seq } = await endsOfLogs(sql);
    if (seq > this.#known) {
      this.#known = seq;
      for (const wake of this.#followers) wake();
    }
    if (this.#subscribers.size > 0) await this.#tellSubscribers(seq);
  }

  async #tellSubscribers(upTo: number): Promise<void> {
    while (this.#told !== null && this.#told < upTo) {
      const rows = await readEvents(this.#database.sql, EVERYTHING, {}, { limit: AT_ONCE, order: "asc", cursor: this.#told });
      for (const event of eventsOf(rows)) {
        await this.#subscribers.dispatch(event);
        this.#told = event.seq;
      }
      if (rows.length === 0) this.#told = upTo;
    }
  }

  async #sweep(): Promise<void> {
    if (this.#keepDays === null || performance.now() < this.#sweepAt) return;
    this.#sweepAt = performance.now() + SWEEP_EVERY_MS;
    while ((await sweepEvents(this.#database.sql, this.#keepDays, SWEPT_AT_ONCE)) === SWEPT_AT_ONCE);
  }

  #schedule(): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), this.#isWatched() ? this.#watchedMs : this.#idleMs);
    this.#timer.unref();
  }

  /** Somebody here waits for events. */
  #isWatched(): boolean {
    return this.#followers.size > 0 || this.#subscribers.size > 0;
  }
}

/** What a later version wrote, and this one has no word for, is passed on as it is. */
export function eventsOf(rows: readonly EventRow[]): LogEvent[] {
  return rows as unknown as LogEvent[];
}
