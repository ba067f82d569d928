import { approvalColumns, type ApprovalRow } from "./approval-row.ts";
import type { Reach } from "#ports/access.ts";
import { threadWithin } from "./reach.ts";
import type { Sql } from "./sql.ts";

export interface ApprovalFilter {
  /** By the thread that asks. */
  reach: Reach;
  id?: string;
  state?: string;
  kind?: string;
  risk?: string;
  projectId?: string;
  assignee?: string;
  agent?: string;
  /** Leaves out what a rule has decided and what is about to be carried out. */
  onlyUndecided?: boolean;
  threadId?: string;
  /** Questions of teams started from this thread. */
  parentThreadId?: string;
  /** Leaves out what shows a question that is listed itself; a mirror that waits alone stays. */
  withoutMirrors?: boolean;
  /** With `state`: also what this run reserved through a mirror and has not decided yet. */
  reservedBy?: string;
  limit: number;
  offset: number;
  newestFirst: boolean;
}

/**
 * Rows that show another one within reach. A mirror that still waits although what it shows does not is no such row: its thread would
 * wait for an answer that nobody is asked for.
 */
function shown(sql: Sql, reach: Reach) {
  return sql`exists (
    select from approvals o join threads t on t.thread_id = o.thread_id
    where o.id = a.mirror_of and o.mirror_of is null and o.owner = a.owner and (a.state <> 'pending' or o.state = 'pending') and ${threadWithin(sql, reach)})`;
}

/** Questions within reach, with how many there are without the page. */
export async function findApprovals(sql: Sql, filter: ApprovalFilter): Promise<{ rows: ApprovalRow[]; total: number }> {
  const rows = await sql<(ApprovalRow & { total: number })[]>`
    select ${approvalColumns(sql)}, count(*) over ()::int as total from approvals a join threads t on t.thread_id = a.thread_id
    where ${threadWithin(sql, filter.reach)}
      ${filter.id === undefined ? sql`` : sql`and a.id = ${filter.id}`}
      ${filter.state === undefined ? sql`` : sql`and (a.state = ${filter.state} or (a.state = 'resuming' and a.resume_run_id = ${filter.reservedBy ?? null}))`}
      ${filter.kind === undefined ? sql`` : sql`and a.kind = ${filter.kind}`}
      ${filter.risk === undefined ? sql`` : sql`and a.risk = ${filter.risk}`}
      ${filter.projectId === undefined ? sql`` : sql`and a.project_id = ${filter.projectId}`}
      ${filter.assignee === undefined ? sql`` : sql`and a.assignee = ${filter.assignee}`}
      ${filter.agent === undefined ? sql`` : sql`and a.agent = ${filter.agent}`}
      ${filter.onlyUndecided === true ? sql`and (a.verdict is null or a.state <> 'pending')` : sql``}
      ${filter.withoutMirrors === true ? sql`and (a.mirror_of is null or not ${shown(sql, filter.reach)})` : sql``}
      ${filter.threadId === undefined ? sql`` : sql`and a.thread_id = ${filter.threadId}`}
      ${filter.parentThreadId === undefined ? sql`` : sql`and a.thread_id in (select thread_id from threads where parent_thread_id = ${filter.parentThreadId})`}
    order by a.created_at ${filter.newestFirst ? sql`desc` : sql`asc`}, a.id limit ${filter.limit} offset ${filter.offset}`;
  return { rows, total: rows[0]?.total ?? 0 };
}
