import { findOverTemporaryThreads, isStillOver } from "#db/queries/temporary-threads.ts";
import type { Chore } from "./chore.ts";
import { removeThread } from "./remove-thread.ts";
import { leave } from "./retention.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/** How long the thread of a stateless run stays readable for whoever waits for it. */
const TEMPORARY_SECONDS = 60;
const BATCH = 500;

/** Removes the threads of stateless runs that ended a while ago. */
export function temporaryThreads(context: RuntimeContext): Chore {
  return {
    name: "temporary threads",
    everyMs: 30_000,
    async run() {
      for (const threadId of await findOverTemporaryThreads(context.database.sql, TEMPORARY_SECONDS, BATCH))
        await removeThread(context, null, { threadId, onlyIf: (sql, tree) => isStillOver(sql, tree) }).catch((error: unknown) =>
          leave(context, threadId, error),
        );
    },
  };
}
