import { findOverTemporaryThreads, isStillOver, type OverThreads } from "#db/queries/temporary-threads.ts";
import type { Chore } from "./chore.ts";
import { removeThread } from "./remove-thread.ts";
import { passOver } from "./expired-threads.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/** How long the thread of a stateless run stays readable for whoever waits for it. */
const TEMPORARY_SECONDS = 60;
const BATCH = 500;

/**
 * Removes the threads of stateless runs, and of crons, that ended a while ago. One that asks something stays until it has been answered and that
 * run has ended, in weeks as it may be; with `sweep_waiting` as long as any other thread may wait.
 */
export function temporaryThreads(context: RuntimeContext): Chore {
  const { sweepMinutes, waiting, defaultTtl, now } = context.retention;
  const waitSeconds = waiting && defaultTtl !== null ? defaultTtl.minutes * 60 : null;
  return {
    name: "temporary threads",
    everyMs: Math.min(30_000, sweepMinutes * 60_000),
    async run() {
      const over: OverThreads = { now: now?.() ?? null, restSeconds: TEMPORARY_SECONDS, waitSeconds };
      for (const threadId of await findOverTemporaryThreads(context.database.sql, { ...over, limit: BATCH }))
        await removeThread(context, null, { threadId, onlyIf: (sql, tree) => isStillOver(sql, tree, threadId, over) }).catch((error: unknown) =>
          passOver(context, threadId, error),
        );
    },
  };
}
