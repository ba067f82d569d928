import { keepValues } from "#db/queries/keep-values.ts";
import { findThreadsAtHead } from "#db/queries/threads-at-head.ts";
import type { ThreadFilter } from "#db/queries/search-threads.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { isConnectionLost } from "#errors";
import { threadStand } from "./thread-stand.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/**
 * What threads hold. A small state stands in the thread's row; a large one only in its newest checkpoint, because a row would be written whole at
 * the end of every run. Who searches threads pays for reading such a state once: then it stands in the row until the next run.
 */

/** Rows that are looked at together. */
const PAGE = 20;

type Held = Pick<ThreadRow, "thread_id" | "graph_id" | "values" | "values_at_head">;

/** JSON of a thread's state; `null` in JSON where it has none, or its graph is not served any more. */
export async function valuesJsonOf(context: RuntimeContext, thread: Held): Promise<string> {
  if (!thread.values_at_head) return JSON.stringify(thread.values ?? null);
  return (await atHead(context, thread)) ?? "null";
}

/** Null where nobody can read it now: without its graph. */
async function atHead(context: RuntimeContext, thread: Held): Promise<string | null> {
  if (thread.graph_id === null || context.graphs.find(thread.graph_id)?.error !== null) return null;
  return (await threadStand(context, thread.graph_id, thread.thread_id)).valuesJson;
}

/** The row with its values in it, wherever they are kept. */
export async function withValues<Row extends Held>(context: RuntimeContext, thread: Row): Promise<Row> {
  if (!thread.values_at_head) return thread;
  return { ...thread, values: JSON.parse(await valuesJsonOf(context, thread)) as unknown };
}

/**
 * The same, and the next reader finds them in the row. What could not be read is not kept: its graph may be served again tomorrow. For lists:
 * one thread that is damaged keeps nobody from the others.
 */
export async function withValuesKept(context: RuntimeContext, thread: ThreadRow): Promise<ThreadRow> {
  if (!thread.values_at_head) return thread;
  const valuesJson = await kept(context, thread);
  return { ...thread, values: valuesJson === null ? null : (JSON.parse(valuesJson) as unknown) };
}

/** JSON of the state, which stands in the row from now on; null where it cannot be read. */
async function kept(context: RuntimeContext, thread: ThreadRow): Promise<string | null> {
  let valuesJson: string | null;
  try {
    valuesJson = await atHead(context, thread);
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    context.log.warn(
      { err: error, thread_id: thread.thread_id, graph_id: thread.graph_id },
      "the values of a thread cannot be read; it is listed without them",
    );
    return null;
  }
  if (valuesJson !== null) await keepValues(context.database.sql, { threadId: thread.thread_id, readAt: thread.updated_at, valuesJson });
  return valuesJson;
}

/** Brings the states that a search looks into where it can see them, one after the other: only one is in memory at a time. */
export async function showValues(context: RuntimeContext, filter: ThreadFilter): Promise<void> {
  if (filter.values === undefined) return;
  for (let after: string | null = null; ;) {
    const threads: ThreadRow[] = await findThreadsAtHead(context.database.sql, filter, { after, limit: PAGE });
    for (const thread of threads) await kept(context, thread);
    after = threads.at(-1)?.thread_id ?? null;
    if (threads.length < PAGE) return;
  }
}
