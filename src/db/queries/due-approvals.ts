import { approvalColumns, type ApprovalRow, type Verdict } from "./approval-row.ts";
import type { Sql } from "./sql.ts";

/** `clock` null: the database's. */
const time = (sql: Sql, clock: Date | null) => sql`coalesce(${clock}::timestamptz, clock_timestamp())`;

/** Whether anything is due at all; for a look that mostly finds nothing. */
export async function anyApprovalDue(sql: Sql, clock: Date | null): Promise<boolean> {
  const [row] = await sql<{ due: boolean }[]>`
    select exists (select 1 from approvals where state = 'pending' and verdict is not null and (retry_at is null or retry_at <= ${time(sql, clock)}))
      or exists (select 1 from approvals where state = 'pending' and (expires_at is not null or warn_at is not null) and least(expires_at, warn_at) <= ${time(sql, clock)}) as due`;
  return row?.due ?? false;
}

/** Questions that a rule has decided and that wait to be carried out; not locked, because the claim decides who does it. */
export function verdictsDue(sql: Sql, clock: Date | null, limit: number): Promise<(ApprovalRow & { verdict: Verdict })[]> {
  return sql<(ApprovalRow & { verdict: Verdict })[]>`
    select ${approvalColumns(sql)} from approvals a
    where a.state = 'pending' and a.verdict is not null and (a.retry_at is null or a.retry_at <= ${time(sql, clock)})
    order by a.retry_at nulls first, a.created_at limit ${limit}`;
}

/** Puts a verdict off that could not be carried out. */
export async function postponeVerdict(sql: Sql, id: string, input: { clock: Date | null; seconds: number }): Promise<void> {
  await sql`
    update approvals set attempts = attempts + 1, retry_at = ${time(sql, input.clock)} + ${input.seconds}::float8 * interval '1 second'
    where id = ${id} and state = 'pending'`;
}

/** Leaves the question to people for good, and says why. False when it is not pending any more. */
export async function dropVerdict(sql: Sql, id: string, note: string): Promise<boolean> {
  const rows = await sql`
    with dropped as (update approvals set verdict = null, expires_at = null, warn_at = null, parked_at = now(), updated_at = now() where id = ${id} and state = 'pending' and verdict is not null returning id, policy)
    insert into approval_history (approval_id, event, policy, note) select id, 'not_carried_out', policy, ${note} from dropped returning approval_id`;
  return rows.length > 0;
}

/** Says that questions will expire soon, each once. */
export async function warnOfExpiry(sql: Sql, clock: Date | null): Promise<{ id: string; thread_id: string; expires_at: Date }[]> {
  return sql<{ id: string; thread_id: string; expires_at: Date }[]>`
    with due as (
      select id from approvals where state = 'pending' and verdict is null and warn_at <= ${time(sql, clock)} and expires_at > ${time(sql, clock)} for update skip locked
    ), warned as (
      update approvals a set warn_at = null, updated_at = now() from due where a.id = due.id returning a.id, a.thread_id, a.expires_at, a.policy, a.on_expire
    ), noted as (
      insert into approval_history (approval_id, event, policy, note)
      select id, 'warned', policy, 'expires at ' || to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ', then: ' || on_expire from warned
    ) select id, thread_id, expires_at from warned`;
}

export interface Expired {
  id: string;
  thread_id: string;
  on_expire: "reject" | "remind" | "escalate" | "park";
}

/**
 * Does what is to be done with questions whose time is over: a rejection becomes a verdict; a reminder sets the time anew, twice as long each
 * time up to a day; an escalation gives it to somebody else, for the same time once more; parked ones only wait on.
 */
export async function expireApprovals(sql: Sql, clock: Date | null, rejection: Verdict): Promise<Expired[]> {
  const now = time(sql, clock);
  const again = sql`least((a.policy ->> 'timeout_seconds')::float8 * power(2, least((a.policy ->> 'reminders')::int, 20)), 86400) * interval '1 second'`;
  const once = sql`(a.policy ->> 'timeout_seconds')::float8 * interval '1 second'`;
  return sql<Expired[]>`
    with due as (
      select id, on_expire from approvals where state = 'pending' and verdict is null and expires_at <= ${now} order by expires_at limit 200 for update skip locked
    ), moved as (
      update approvals a set updated_at = now(), warn_at = null,
        verdict = case when due.on_expire = 'reject' then ${JSON.stringify(rejection)}::jsonb end,
        retry_at = null,
        policy = case when due.on_expire = 'remind' then jsonb_set(a.policy, '{reminders}', to_jsonb((a.policy ->> 'reminders')::int + 1)) else a.policy end,
        assignee = case when due.on_expire = 'escalate' then coalesce(a.policy ->> 'escalate_to', a.assignee) else a.assignee end,
        on_expire = case when due.on_expire = 'escalate' then 'park' else a.on_expire end,
        parked_at = case when due.on_expire = 'park' then ${now} end,
        expires_at = case due.on_expire when 'reject' then a.expires_at when 'remind' then ${now} + ${again} when 'escalate' then ${now} + ${once} end
      from due where a.id = due.id returning a.id, a.thread_id, due.on_expire, a.policy, a.assignee
    ), noted as (
      insert into approval_history (approval_id, event, policy, note)
      select id, case on_expire when 'remind' then 'reminded' when 'escalate' then 'escalated' else 'parked' end, policy, case when on_expire = 'escalate' then 'to ' || assignee end
      from moved where on_expire <> 'reject'
    ) select id, thread_id, on_expire from moved`;
}
