import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { findRun } from "#db/queries/find-run.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import type { Sql } from "#db/queries/sql.ts";
import { JUDGED } from "#governance/permit.ts";
import { RunKwargs } from "./run-kwargs.ts";

/** Whom the run acted for that asked a question; null where nobody is known besides its owner. */
export async function userWhoAsked(sql: Sql, row: Pick<ApprovalRow, "run_id" | "thread_id">): Promise<RunKwargs["user"]> {
  const run = await findRun(sql, { runId: row.run_id, threadId: row.thread_id, owner: JUDGED });
  return run === null ? null : userOf(run);
}

/** Who asked for a run, as the project's auth knows them; its team works for them too. */
export function userOf(run: Pick<RunRow, "kwargs">): RunKwargs["user"] {
  return RunKwargs.parse(run.kwargs).user ?? null;
}
