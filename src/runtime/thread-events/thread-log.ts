import { releaseThreadSequence, reserveThreadSequence, threadSequence } from "#db/queries/thread-sequence.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { StreamBus } from "../stream-bus/bus.ts";
import type { Reshape } from "../serialise.ts";
import { eventFrame, type EventBody } from "./event-frame.ts";

/** More events than a run can send within its time limit. */
const ROOM = 10_000_000;
/** How long the last event of the run before may still be on its way from another process. */
const SETTLING_MS = 500;
const LOOK_AGAIN_MS = 20;

/**
 * Writes the events of a thread, one run at a time, onto the bus under the thread's id. Their numbers rise over runs, restarts and crashes:
 *
 *   opened    `threads.seq` is raised by more than the run can use, before the first event is sent
 *   closed    the transaction that ends the run sets `threads.seq` to the number of its last event
 *   crashed   it stays raised, so the next run starts above whatever was sent, also above what the bus has lost
 */
export class ThreadLog {
  readonly #bus: StreamBus;
  readonly #sql: Sql;
  readonly #threadId: string;
  readonly #ceiling: number;
  #last: number;

  private constructor(bus: StreamBus, sql: Sql, threadId: string, last: number, ceiling: number) {
    this.#bus = bus;
    this.#sql = sql;
    this.#threadId = threadId;
    this.#last = last;
    this.#ceiling = ceiling;
  }

  /** The caller holds the thread's one running run. Null when the thread is gone. */
  static async open(bus: StreamBus, sql: Sql, threadId: string): Promise<ThreadLog | null> {
    const known = await threadSequence(sql, threadId);
    if (known === null) return null;
    const last = known.seq === 0 ? 0 : Math.max(known.seq, await lastSeen(bus, threadId, known));
    await reserveThreadSequence(sql, { threadId, seq: last + ROOM });
    return new ThreadLog(bus, sql, threadId, last, last + ROOM);
  }

  /** Number of the event that would be written next. */
  get next(): number {
    return this.#last + 1;
  }

  write(body: EventBody, reshape?: Reshape): void {
    this.#last += 1;
    this.#bus.publish(this.#threadId, [eventFrame(body, this.#last, reshape)]);
  }

  /** Lets other processes go on with the thread. */
  async flush(): Promise<void> {
    await this.#bus.flush(this.#threadId);
  }

  /** Ends without a run's end: the run goes back to the queue, or was undone. */
  async release(): Promise<void> {
    await this.flush();
    await releaseThreadSequence(this.#sql, { threadId: this.#threadId, seq: this.#last, reserved: this.#ceiling });
  }
}

async function lastSeen(bus: StreamBus, threadId: string, known: { seq: number; settling: boolean }): Promise<number> {
  let last = await bus.last(threadId);
  const until = performance.now() + SETTLING_MS;
  while (known.settling && last < known.seq && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    last = await bus.last(threadId);
  }
  return last;
}
