import { undecided } from "./close-approvals.ts";
import type { Sql } from "./sql.ts";

/** Puts back the questions that a run which will not happen carried the answer of, or had made out of date. */
export async function reopenAnswers(sql: Sql, runId: string): Promise<void> {
  await sql`
    update approvals set state = 'pending', ${undecided(sql)}, updated_at = now()
    where resume_run_id = ${runId} and (state = 'resuming' or (state = 'superseded' and mirror_of is null))`;
}
