import { claimOutbox, finishOutbox, type OutboxRow, postponeOutbox } from "#db/queries/claim-outbox.ts";
import { findAssistant } from "#db/queries/find-assistant.ts";
import { lockThread } from "#db/queries/lock-thread.ts";
import type { Sql, Transaction } from "#db/queries/sql.ts";
import { backoff } from "./backoff.ts";
import { idOf } from "./ids.ts";
import { kwargsOf } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { startRun } from "./start-run.ts";

/** After that many tries a row is only looked at once an hour. */
const HOPELESS = 20;

/**
 * Wakes parents: every due row becomes a run of the parent's graph with input `{ outcome }`, behind whatever runs there. The row is marked
 * in the transaction that inserts the run, and the run's id comes from the row's, so a row wakes its parent once.
 * Any number of processes may sweep at once.
 */
export async function sweepOutbox(context: RuntimeContext): Promise<number> {
  let woken = 0;
  for (;;) {
    const handled = await context.database.sql.begin(async (sql) => {
      const row = await claimOutbox(sql);
      if (row === null) return false;
      await handle(context, sql, row);
      return true;
    });
    if (!handled) return woken;
    woken += 1;
  }
}

async function handle(context: RuntimeContext, sql: Transaction, row: OutboxRow): Promise<void> {
  try {
    await sql.savepoint(async (inner) => {
      await wake(context, inner, row);
      await finishOutbox(inner, row.id);
    });
  } catch (error) {
    context.log.warn({ err: error, outbox_id: row.id, thread_id: row.thread_id, attempts: row.attempts + 1 }, "a parent could not be woken; tried again later");
    await postponeOutbox(sql, row.id, row.attempts >= HOPELESS ? 3_600 : backoff(row.attempts));
  }
}

async function wake(context: RuntimeContext, sql: Sql, row: OutboxRow): Promise<void> {
  const thread = await lockThread(sql, row.thread_id);
  // nobody is there to be told
  if (thread === null || thread.assistant_id === null) return;
  const assistant = await findAssistant(sql, thread.assistant_id, thread.owner);
  if (assistant === null) return;
  await startRun(
    context,
    null,
    {
      runId: idOf("outbox", row.id),
      threadId: row.thread_id,
      owner: thread.owner,
      assistant,
      kwargs: kwargsOf({ assistant_id: assistant.assistant_id, input: { outcome: row.payload }, stream_resumable: true }, assistant, {}, false),
      metadata: { woken_by: row.id },
      strategy: "enqueue",
      afterSeconds: 0,
      stateless: false,
      newThread: null,
      forks: false,
      plan: null,
      decidedBy: thread.owner,
    },
    sql,
  );
}
