import type { AskedApproval } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

export type NewApproval = AskedApproval;

export interface UpsertedApproval {
  id: string;
  inserted: boolean;
  /** `resuming` when its answer is on its way in another run. */
  state: "pending" | "resuming";
  /** A rule decided it and that is not carried out yet. */
  ruled: boolean;
}

/**
 * Writes down that a question is asked. One that is known is asked again, as it reads now (the state that it is made from may have been edited):
 * an answer given before does not count any more, unless it is on its way in another run. Null when the id belongs to another thread.
 */
export async function upsertApproval(sql: Sql, row: NewApproval, askedBy: string | null): Promise<UpsertedApproval | null> {
  const onItsWay = sql`a.state = 'resuming' and a.resume_run_id is distinct from ${askedBy}::uuid`;
  const rows = await sql<UpsertedApproval[]>`
    insert into approvals as a (id, thread_id, run_id, interrupt_id, position, mirror_of, owner, branch, kind, action, args, description, payload, digest, risk, project_id,
      agent, target, evidence, assignee)
    values (${row.id}, ${row.thread_id}, ${row.run_id}, ${row.interrupt_id}, ${row.position}, ${row.mirror_of}, ${row.owner}, ${row.branch}, ${row.kind}, ${row.action},
      ${JSON.stringify(row.args)}, ${row.description}, ${JSON.stringify(row.payload)}, ${row.digest}, ${row.risk},
      coalesce(${row.project_id}::uuid, (select t.project_id from threads t where t.thread_id = ${row.thread_id})), ${row.agent}, ${row.target}, ${JSON.stringify(row.evidence)},
      ${row.assignee})
    on conflict (id) do update set interrupt_id = excluded.interrupt_id, position = excluded.position, payload = excluded.payload, args = excluded.args,
      description = excluded.description, run_id = excluded.run_id, evidence = excluded.evidence, target = excluded.target, project_id = excluded.project_id,
      action = excluded.action, risk = excluded.risk, updated_at = now(),
      state = case when ${onItsWay} then a.state else 'pending' end,
      decision = case when ${onItsWay} then a.decision end,
      decided_by = case when ${onItsWay} then a.decided_by end,
      decided_at = case when ${onItsWay} then a.decided_at end,
      decided_via = case when ${onItsWay} then a.decided_via end,
      expires_at = a.expires_at + case when a.state = 'resuming' and not (${onItsWay}) then now() - a.decided_at else interval '0' end,
      warn_at = a.warn_at + case when a.state = 'resuming' and not (${onItsWay}) then now() - a.decided_at else interval '0' end,
      resume_run_id = case when ${onItsWay} then a.resume_run_id end
    where a.thread_id = excluded.thread_id
    returning id, xmax = 0 as inserted, state, state = 'pending' and verdict is not null as ruled`;
  return rows[0] ?? null;
}
