import type { Fence } from "#db/queries/fence.ts";
import type { WriteRows } from "#db/queries/put-writes.ts";

/** Writes of one task, on their way. */
export interface HeldWrites {
  readonly rows: WriteRows;
  /** False: the fence refused. */
  readonly settle: (written: boolean) => void;
  readonly fail: (error: unknown) => void;
}

interface Batch {
  readonly fence: Fence;
  readonly threadId: string;
  held: HeldWrites[];
  /** Checkpoints of this attempt that are on their way. */
  checkpoints: number;
  /** They go when the event loop has gone through what is ready now. */
  leaving: boolean;
}

/**
 * What the tasks of a superstep produced is written just before the checkpoint that follows from it. Held until the event loop has gone through
 * what is ready, both go in one statement: half the statements and half the flushes of a graph of short steps, and several tasks at once are
 * one as well. Where no checkpoint follows at once (a question, a task that is still at work beside it) they go alone.
 *
 * LangGraph writes one checkpoint of a run after the other. While one is on its way the next has to wait, and so do these; otherwise nothing
 * waits for anything but the present turn of the event loop.
 */
export class WritesOnHold {
  readonly #batches = new Map<string, Batch>();
  readonly #send: (batch: { fence: Fence; threadId: string; held: readonly HeldWrites[] }) => void;

  /** `send` writes what no checkpoint took along. */
  constructor(send: (batch: { fence: Fence; threadId: string; held: readonly HeldWrites[] }) => void) {
    this.#send = send;
  }

  /** Answers whether they were written. */
  hold(fence: Fence, rows: WriteRows): Promise<boolean> {
    const batch = this.#batchOf(fence, rows.threadId);
    return new Promise((settle, fail) => {
      batch.held.push({ rows, settle, fail });
      this.#leaveSoon(batch);
    });
  }

  /** Hands over what is held for an attempt of a run on a thread: the caller settles each of them. */
  take(fence: Fence | null, threadId: string): readonly HeldWrites[] {
    const batch = fence === null ? undefined : this.#batches.get(keyOf(fence, threadId));
    if (batch === undefined) return [];
    const { held } = batch;
    batch.held = [];
    this.#forgetEmpty(batch);
    return held;
  }

  /** A checkpoint is on its way; to be called when it has arrived, or has not. */
  checkpointBegins(fence: Fence | null, threadId: string): () => void {
    if (fence === null) return () => {};
    const batch = this.#batchOf(fence, threadId);
    batch.checkpoints += 1;
    return () => {
      batch.checkpoints -= 1;
      this.#leaveSoon(batch);
      this.#forgetEmpty(batch);
    };
  }

  #batchOf(fence: Fence, threadId: string): Batch {
    const key = keyOf(fence, threadId);
    const known = this.#batches.get(key);
    if (known !== undefined) return known;
    const batch: Batch = { fence, threadId, held: [], checkpoints: 0, leaving: false };
    this.#batches.set(key, batch);
    return batch;
  }

  #leaveSoon(batch: Batch): void {
    if (batch.leaving || batch.held.length === 0 || batch.checkpoints > 0) return;
    batch.leaving = true;
    setImmediate(() => {
      batch.leaving = false;
      if (batch.held.length === 0 || batch.checkpoints > 0) return;
      const { fence, threadId, held } = batch;
      batch.held = [];
      this.#forgetEmpty(batch);
      this.#send({ fence, threadId, held });
    });
  }

  #forgetEmpty(batch: Batch): void {
    const key = keyOf(batch.fence, batch.threadId);
    if (batch.held.length === 0 && batch.checkpoints === 0 && this.#batches.get(key) === batch) this.#batches.delete(key);
  }
}

function keyOf(fence: Fence, threadId: string): string {
  return `${fence.runId} ${fence.epoch} ${threadId}`;
}
