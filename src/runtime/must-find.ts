import { findRun } from "#db/queries/find-run.ts";
import { findThread } from "#db/queries/find-thread.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { AppError } from "#errors";
import type { Reach } from "#ports/access.ts";
import { isUuid } from "./ids.ts";

/** @throws AppError `invalid_request` for what no thread can be called */
export function mustBeThreadId(threadId: string): void {
  if (!isUuid(threadId)) throw new AppError("invalid_request", `"${threadId}" is not a thread id (a UUID).`);
}

/** What is told of a thread that is not there, or is out of reach: to whoever asks it is the same. */
export function threadNotFound(threadId: string): AppError {
  return new AppError("not_found", `Thread with ID ${threadId} not found`);
}

/** @throws AppError `not_found` */
export async function mustFindThread(sql: Sql, reach: Reach, threadId: string): Promise<ThreadRow> {
  const thread = isUuid(threadId) ? await findThread(sql, threadId, reach) : null;
  if (thread === null) throw threadNotFound(threadId);
  return thread;
}

/** @param threadId null: on whatever thread it is @throws AppError `not_found` */
export async function mustFindRun(sql: Sql, reach: Reach, threadId: string | null, runId: string): Promise<RunRow> {
  const run = isUuid(runId) && (threadId === null || isUuid(threadId)) ? await findRun(sql, { runId, threadId, owner: reach }) : null;
  if (run === null) throw new AppError("not_found", "Run not found");
  return run;
}
