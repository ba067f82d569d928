import { AsyncLocalStorage } from "node:async_hooks";
import { activeRuns } from "#db/queries/active-runs.ts";
import { headCheckpoint } from "#db/queries/head-checkpoint.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import type { Sql, Transaction } from "#db/queries/sql.ts";
import { AppError } from "#errors";
import { mustKnowCheckpoint } from "./known-checkpoint.ts";
import { threadNotFound } from "./must-find.ts";

/**
 * Editing a thread's state by hand reads a checkpoint, computes, and writes the next one. In between a run may begin, or begin and end: then
 * the edit would stand beside what the run says, or hide it. So while an edit is underway every write of the checkpointer looks again, in the
 * transaction that writes and under the thread's lock:
 *
 *   a run is there that is not over    `thread_busy`, nothing is written
 *   the thread is gone                 `not_found`, nothing is written
 *   the head is another one            the edit is computed anew
 *   the checkpoint the client named    `not_found`, nothing is written: what the edit inherits went with it
 *   was pruned
 */
interface ThreadEdit {
  readonly threadId: string;
  readonly at: NamedCheckpoint | null;
  /** The head it builds upon, where it names no checkpoint. */
  head: string | null;
  moved: boolean;
}

export interface NamedCheckpoint {
  checkpoint_id?: string | null | undefined;
  checkpoint_ns?: string | null | undefined;
}

const underway = new AsyncLocalStorage<ThreadEdit>();
const MOST_TRIES = 10;

/** Does `work`, which may be done several times, as an edit of this thread; `at`: the checkpoint it builds upon, by default the newest. */
export async function editingThread<T>(sql: Sql, input: { threadId: string; at?: NamedCheckpoint | undefined }, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const edit: ThreadEdit = {
      threadId: input.threadId,
      at: input.at?.checkpoint_id ? input.at : null,
      head: await headCheckpoint(sql, input.threadId),
      moved: false,
    };
    try {
      return await underway.run(edit, work);
    } catch (error) {
      if (!edit.moved || attempt >= MOST_TRIES) throw error;
    }
  }
}

/** True while an edit of this thread is underway here. */
export function isEditing(threadId: string): boolean {
  return underway.getStore()?.threadId === threadId;
}

/** Holds the thread's lock and makes sure that the edit may write. Throws as above. */
export async function lockForEdit(sql: Transaction, threadId: string): Promise<void> {
  const edit = underway.getStore();
  if (edit === undefined) return;
  if ((await lockThread(sql, threadId)) === null) throw threadNotFound(threadId);
  await refuseWhileActive(sql, threadId);
  if (edit.at !== null) return mustKnowCheckpoint(sql, threadId, edit.at);
  if (edit.head === (await headCheckpoint(sql, threadId))) return;
  edit.moved = true;
  throw new AppError("conflict", `Thread ${threadId} went on while its state was edited.`);
}

/** What the edit wrote is what its next step builds upon. */
export function wroteInEdit(namespace: string, checkpointId: string): void {
  const edit = underway.getStore();
  if (edit !== undefined && namespace === "") edit.head = checkpointId;
}

/** @throws AppError `thread_busy` */
export async function refuseWhileActive(sql: Sql, threadId: string): Promise<void> {
  const { active } = await activeRuns(sql, threadId);
  if (active.length > 0)
    throw new AppError("thread_busy", `Thread ${threadId} has a run that is not over; its state cannot be edited now.`, {
      details: { run_ids: active.map((run) => run.run_id) },
    });
}
