import { type ExpiredThread, type Expiry, findExpiredThreads, isStillExpired, markSwept } from "#db/queries/expired-threads.ts";
import { isConnectionLost } from "#errors";
import type { Chore } from "./chore.ts";
import { pruneThread } from "./prune-thread.ts";
import { removeThread } from "./remove-thread.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import type { Worker } from "./worker.ts";

const BATCH = 500;
const SHORTEST_MS = 100;
/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Removes or prunes threads whose time is over. Each in a transaction of its own that waits for nobody and makes nobody wait but who wants
 * that thread; whether it is due is asked again under its lock, so that one that was used just now stays.
 */
export function expiredThreads(context: RuntimeContext, worker: Worker | null): Chore {
  return {
    name: "expired threads",
    everyMs: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, context.retention.sweepMinutes * 60_000)),
    run: () => sweepExpiredThreads(context, worker),
  };
}

async function sweepExpiredThreads(context: RuntimeContext, worker: Worker | null): Promise<void> {
  const { waiting, now } = context.retention;
  const expiry: Expiry = { waiting, now: now?.() ?? null };
  for (;;) {
    const due = await findExpiredThreads(context.database.sql, { ...expiry, limit: BATCH });
    let swept = 0;
    for (const thread of due)
      if (await sweep(context, worker, thread, expiry).catch((error: unknown) => passOver(context, thread.thread_id, error))) swept += 1;
    // what could not be swept now is not tried again in this round
    if (due.length < BATCH || swept === 0) return;
  }
}

/** One that cannot be removed (too large for one statement, say) is passed over: it must not keep all that are due after it. */
export function passOver(context: RuntimeContext, threadId: string, error: unknown): false {
  if (isConnectionLost(error)) throw error;
  context.log.warn({ err: error, thread_id: threadId }, "a thread could not be swept; the others go on");
  return false;
}

async function sweep(context: RuntimeContext, worker: Worker | null, thread: ExpiredThread, expiry: Expiry): Promise<boolean> {
  const threadId = thread.thread_id;
  const onlyIf: NonNullable<Parameters<typeof pruneThread>[1]["onlyIf"]> = (sql, tree) => isStillExpired(sql, tree, threadId, expiry);
  if (thread.ttl_strategy === "delete") return removeThread(context, worker, { threadId, onlyIf });
  return pruneThread(context, { threadId, onlyIf, afterwards: (sql) => markSwept(sql, threadId) });
}
