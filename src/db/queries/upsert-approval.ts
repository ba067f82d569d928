import type { ApprovalRow } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

export type NewApproval = Omit<ApprovalRow, "state" | "decision" | "decided_by" | "decided_at" | "resume_run_id" | "created_at">;

/**
 * Writes down that a question is asked. One that is known is asked again: an answer given before does not count any more, unless it is on its
 * way in another run. False when the id belongs to another thread.
 */
export async function upsertApproval(sql: Sql, row: NewApproval, askedBy: string | null): Promise<boolean> {
  const rows = await sql`
    insert into approvals as a (id, thread_id, run_id, interrupt_id, position, mirror_of, owner, branch, kind, action, args, description, payload, digest, risk)
    values (${row.id}, ${row.thread_id}, ${row.run_id}, ${row.interrupt_id}, ${row.position}, ${row.mirror_of}, ${row.owner}, ${row.branch}, ${row.kind}, ${row.action},
      ${JSON.stringify(row.args)}, ${row.description}, ${JSON.stringify(row.payload)}, ${row.digest}, ${row.risk})
    on conflict (id) do update set interrupt_id = excluded.interrupt_id, position = excluded.position, payload = excluded.payload, args = excluded.args,
      description = excluded.description, run_id = excluded.run_id, updated_at = now(),
      state = case when a.state = 'resuming' and a.resume_run_id is distinct from ${askedBy}::uuid then a.state else 'pending' end,
      decision = case when a.state = 'resuming' and a.resume_run_id is distinct from ${askedBy}::uuid then a.decision end,
      decided_by = case when a.state = 'resuming' and a.resume_run_id is distinct from ${askedBy}::uuid then a.decided_by end,
      decided_at = case when a.state = 'resuming' and a.resume_run_id is distinct from ${askedBy}::uuid then a.decided_at end,
      resume_run_id = case when a.state = 'resuming' and a.resume_run_id is distinct from ${askedBy}::uuid then a.resume_run_id end
    where a.thread_id = excluded.thread_id
    returning id`;
  return rows.length > 0;
}
