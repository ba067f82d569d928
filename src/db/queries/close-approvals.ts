import type { ApprovalState } from "#ports/approvals.ts";
import type { Sql } from "./sql.ts";

/**
 * Moves questions to a state. Back to `pending` forgets the answer, so that another can be given. `by`: the run that makes them out of date
 * and has not begun; if it never does, `reopenAnswers` brings them back.
 */
export async function closeApprovals(sql: Sql, ids: readonly string[], state: Exclude<ApprovalState, "resuming">, by: string | null = null): Promise<void> {
  if (ids.length === 0) return;
  if (state === "pending") {
    await sql`
      update approvals set state = 'pending', decision = null, decided_by = null, decided_at = null, resume_run_id = null, updated_at = now()
      where id = any(${[...ids]}::uuid[])`;
  } else {
    await sql`update approvals set state = ${state}, resume_run_id = coalesce(${by}::uuid, resume_run_id), updated_at = now() where id = any(${[...ids]}::uuid[])`;
  }
}
