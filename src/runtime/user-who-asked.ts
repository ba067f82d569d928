import type { ApprovalRow } from "#db/queries/approval-row.ts";
import { findRun } from "#db/queries/find-run.ts";
import type { Sql } from "#db/queries/sql.ts";
import { JUDGED } from "#governance/permit.ts";
import { RunKwargs } from "./run-kwargs.ts";

/** Whom the run acted for that asked a question; null where nobody is known besides its owner. */
export async function userWhoAsked(sql: Sql, row: Pick<ApprovalRow, "run_id" | "thread_id">): Promise<RunKwargs["user"]> {
  const run = await findRun(sql, { runId: row.run_id, threadId: row.thread_id, owner: JUDGED });
  return run === null ? null : (RunKwargs.parse(run.kwargs).user ?? null);
}
