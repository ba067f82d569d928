import type { AskedApproval } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

/** How often the same thing was rejected on a thread, and how often rules decided there within the last hour. */
export async function pastDecisions(
  sql: Sql,
  asked: Pick<AskedApproval, "id" | "thread_id" | "kind" | "action" | "digest" | "args">,
): Promise<{ rejections: number; automatic: number }> {
  const [row] = await sql<{ rejections: number; automatic: number }[]>`
    select
      count(*) filter (where state in ('done', 'expired') and decision ->> 'type' = 'reject' and kind = ${asked.kind} and action = ${asked.action}
        and digest is not distinct from ${asked.digest} and (digest is not null or args = ${JSON.stringify(asked.args)}::jsonb))::int as rejections,
      count(*) filter (where decided_via = 'policy' and decided_at > now() - interval '1 hour')::int as automatic
    from approvals where thread_id = ${asked.thread_id} and id <> ${asked.id}`;
  return row ?? { rejections: 0, automatic: 0 };
}
