import type { Sql } from "./sql.ts";

/** Gives a question to somebody, or back to everybody. Nothing is noted where nothing changes. */
export async function assignApproval(sql: Sql, input: { id: string; assignee: string | null; by: string }): Promise<void> {
  await sql`
    with assigned as (
      update approvals set assignee = ${input.assignee}, updated_at = now() where id = ${input.id} and assignee is distinct from ${input.assignee}::text returning id, assignee
    ) insert into approval_history (approval_id, event, actor, via, note) select id, 'assigned', ${input.by}, 'api', coalesce('to ' || assignee, 'to nobody') from assigned`;
}
