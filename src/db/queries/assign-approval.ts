import type { Sql } from "./sql.ts";

/**
 * Gives a question to somebody, or back to everybody; a team's question and what shows it in its conversation are one. Nothing is noted where
 * nothing changes.
 */
export async function assignApproval(sql: Sql, input: { id: string; assignee: string | null; by: string }): Promise<void> {
  await sql`
    with assigned as (
      update approvals a set assignee = ${input.assignee}, updated_at = now() from approvals asked
      where asked.id = ${input.id} and (a.id = asked.id or (a.owner = asked.owner and (a.mirror_of = asked.id or a.id = asked.mirror_of)))
        and a.assignee is distinct from ${input.assignee}::text returning a.id, a.assignee
    ) insert into approval_history (approval_id, event, actor, via, note) select id, 'assigned', ${input.by}, 'api', coalesce('to ' || assignee, 'to nobody') from assigned`;
}
