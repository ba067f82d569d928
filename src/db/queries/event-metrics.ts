import type postgres from "postgres";
import type { EventFilter, EventMetrics } from "#ports/events.ts";
import { type EventScope, eventsLike, eventsWithin } from "./event-conditions.ts";
import type { Sql } from "./sql.ts";

type Row = EventMetrics & { session_id: string | null };

/**
 * Counts, times and sums over events, of all together or of each conversation.
 * @param sessions null: of all together
 */
export async function eventMetrics(
  sql: Sql,
  scope: EventScope,
  filter: EventFilter,
  sessions: { limit: number; offset: number } | null,
): Promise<{ rows: Row[]; total: number }> {
  const session = sessions === null ? sql`null::text` : sql`e.correlation_id`;
  const times = (condition: postgres.PendingQuery<postgres.Row[]>, measure: string) => sql`
    'average_ms', round(avg((e.data ->> ${measure})::float8) filter (where ${condition})),
    'p50_ms', round(percentile_cont(0.5) within group (order by (e.data ->> ${measure})::float8) filter (where ${condition})),
    'p95_ms', round(percentile_cont(0.95) within group (order by (e.data ->> ${measure})::float8) filter (where ${condition}))`;
  // what shows another question is no question of its own
  const of = (type: string) => sql`(e.type = ${type} and e.data ->> 'mirror_of' is null)`;
  const rows = await sql<(Row & { total: number })[]>`
    with e as materialized (
      select ${session} as session, e.seq, e.at, e.type, e.category, e.correlation_id, e.data
      from events e where ${eventsWithin(sql, scope)} and ${eventsLike(sql, filter)} ${sessions === null ? sql`` : sql`and e.correlation_id is not null`}
    ), listed as (
      select session, count(*) over ()::int as total from e group by session order by max(seq) desc
      ${sessions === null ? sql`` : sql`limit ${sessions.limit} offset ${sessions.offset}`}
    ), counted as (
      select session, 'type' as what, type as word, count(*) as times from e group by 1, 3
      union all select session, 'category', category, count(*) from e group by 1, 3
      union all select session, 'status', data ->> 'status', count(*) from e where type = 'run.ended' group by 1, 3
      union all select session, 'tool', data ->> 'tool', count(*) from e where type = 'tool.requested' group by 1, 3
      union all select session, 'decision', coalesce(data ->> 'decision', 'none'), count(*) from e where ${of("approval.decided")} group by 1, 3
    ), words as (
      select session, what, jsonb_object_agg(word, times) as counts from counted where word is not null group by 1, 2
    ), summed as (
      select e.session, count(*)::int as total, min(e.at) as first_at, max(e.at) as last_at, count(distinct e.correlation_id)::int as sessions,
        jsonb_build_object('started', count(*) filter (where e.type = 'run.started'), 'ended', count(*) filter (where e.type = 'run.ended'),
          ${times(sql`e.type = 'run.ended'`, "duration_ms")}) as runs,
        jsonb_build_object('calls', count(*) filter (where e.type = 'model.started'), 'failed', count(*) filter (where e.type = 'model.failed'),
          'input_tokens', coalesce(sum((e.data ->> 'input_tokens')::float8) filter (where e.type = 'model.completed'), 0),
          'output_tokens', coalesce(sum((e.data ->> 'output_tokens')::float8) filter (where e.type = 'model.completed'), 0),
          'cost_usd', sum((e.data ->> 'cost_usd')::float8) filter (where e.type = 'model.completed'),
          ${times(sql`e.type = 'model.completed'`, "duration_ms")}) as models,
        jsonb_build_object('calls', count(*) filter (where e.type = 'tool.requested'), 'failed', count(*) filter (where e.type = 'tool.failed'),
          ${times(sql`e.type in ('tool.completed', 'tool.failed')`, "duration_ms")}) as tools,
        jsonb_build_object('required', count(*) filter (where ${of("approval.required")}), 'decided', count(*) filter (where ${of("approval.decided")}),
          'expired', count(*) filter (where ${of("approval.expired")}), ${times(of("approval.decided"), "response_ms")}) as approvals
      from e group by e.session
    )
    select s.session as session_id, l.total,
      jsonb_build_object('total', s.total, 'by_category', coalesce(c.counts, '{}'), 'by_type', coalesce(t.counts, '{}')) as events,
      to_char(s.first_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as first_at, to_char(s.last_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as last_at,
      s.sessions, s.runs || jsonb_build_object('by_status', coalesce(r.counts, '{}')) as runs, s.models,
      s.tools || jsonb_build_object('by_tool', coalesce(o.counts, '{}')) as tools, s.approvals || jsonb_build_object('by_decision', coalesce(d.counts, '{}')) as approvals
    from listed l join summed s on s.session is not distinct from l.session
      left join words c on c.session is not distinct from s.session and c.what = 'category'
      left join words t on t.session is not distinct from s.session and t.what = 'type'
      left join words r on r.session is not distinct from s.session and r.what = 'status'
      left join words o on o.session is not distinct from s.session and o.what = 'tool'
      left join words d on d.session is not distinct from s.session and d.what = 'decision'
    order by s.last_at desc`;
  return { rows: [...rows], total: rows[0]?.total ?? 0 };
}
