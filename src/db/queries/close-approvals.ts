import type { ApprovalState } from "#ports/approvals.ts";
import type { Sql } from "./sql.ts";

/**
 * Takes the decision back. The time that it was under way is not held against whoever answers next.
 */
export const undecided = (sql: Sql) => sql`
  decision = null, decided_by = null, decided_at = null, decided_via = null, resume_run_id = null,
  expires_at = expires_at + (now() - coalesce(decided_at, now())), warn_at = warn_at + (now() - coalesce(decided_at, now()))`;

/**
 * Moves questions to a state. Back to `pending` forgets the answer, so that another can be given. `by`: the run that makes them out of date
 * and has not begun; if it never does, `reopenAnswers` brings them back.
 */
export async function closeApprovals(sql: Sql, ids: readonly string[], state: Exclude<ApprovalState, "resuming">, by: string | null = null): Promise<void> {
  if (ids.length === 0) return;
  if (state === "pending") {
    await sql`
      update approvals set state = 'pending', ${undecided(sql)}, updated_at = now()
      where id = any(${[...ids]}::uuid[])`;
  } else {
    await sql`update approvals set state = ${state}, resume_run_id = coalesce(${by}::uuid, resume_run_id), updated_at = now() where id = any(${[...ids]}::uuid[])`;
  }
}
