import type { ApprovalKind } from "#ports/approvals.ts";
import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export interface FiguresRow {
  /** Null: over all kinds. */
  kind: ApprovalKind | null;
  asked: number;
  pending: number;
  decided: number;
  approved: number;
  edited: number;
  rejected: number;
  responded: number;
  by_policy: number;
  expired: number;
  superseded: number;
  people_approved: number;
  people_judged: number;
  percentiles: number[] | null;
}

/** Counts over the questions asked since a time, by kind and in all. Mirrors are not counted: they show another question. */
export function approvalFigures(sql: Sql, input: { reach: Reach; since: Date }): Promise<FiguresRow[]> {
  const decided = sql`a.state in ('resuming', 'done') and a.decided_via is distinct from 'expiry'`;
  const byPeople = sql`a.state in ('resuming', 'done') and coalesce(a.decided_via, 'api') in ('api', 'resume')`;
  return sql<FiguresRow[]>`
    select a.kind, count(*)::int as asked,
      count(*) filter (where a.state = 'pending')::int as pending,
      count(*) filter (where ${decided})::int as decided,
      count(*) filter (where ${decided} and a.decision ->> 'type' = 'approve')::int as approved,
      count(*) filter (where ${decided} and a.decision ->> 'type' = 'edit')::int as edited,
      count(*) filter (where ${decided} and a.decision ->> 'type' = 'reject')::int as rejected,
      count(*) filter (where ${decided} and a.decision ->> 'type' = 'respond')::int as responded,
      count(*) filter (where ${decided} and a.decided_via = 'policy')::int as by_policy,
      count(*) filter (where a.state = 'expired' or (a.state = 'resuming' and a.decided_via = 'expiry'))::int as expired,
      count(*) filter (where a.state = 'superseded')::int as superseded,
      count(*) filter (where ${byPeople} and a.decision ->> 'type' in ('approve', 'edit'))::int as people_approved,
      count(*) filter (where ${byPeople} and a.decision ->> 'type' in ('approve', 'edit', 'reject'))::int as people_judged,
      percentile_cont(array[0.5, 0.9, 0.99]) within group (order by extract(epoch from a.decided_at - a.created_at)::float8) filter (where ${byPeople}) as percentiles
    from approvals a join threads t on t.thread_id = a.thread_id
    where ${threadWithin(sql, input.reach)} and a.mirror_of is null and a.created_at >= ${input.since}
    group by grouping sets ((a.kind), ())`;
}
