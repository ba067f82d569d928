import type { Sql } from "./sql.ts";

/** The conversation that each thread belongs to (itself, or the first of its parents) and the project it works on. */
export async function conversationsOf(sql: Sql, threadIds: readonly string[]): Promise<Map<string, { root: string; project: string | null }>> {
  if (threadIds.length === 0) return new Map();
  const rows = await sql<{ start: string; root: string; project: string | null }[]>`
    with recursive up as (
      select t.thread_id as start, t.thread_id, t.parent_thread_id, t.project_id, 0 as depth from threads t where t.thread_id = any(${[...threadIds]}::uuid[])
      union all
      select up.start, t.thread_id, t.parent_thread_id, coalesce(up.project_id, t.project_id), up.depth + 1 from up join threads t on t.thread_id = up.parent_thread_id where up.depth < 20
    )
    select distinct on (start) start, thread_id as root, project_id as project from up order by start, depth desc`;
  return new Map(rows.map(({ start, root, project }) => [start, { root, project }]));
}

/** The question whose answer each run carries in. */
export async function approvalsBehind(sql: Sql, runIds: readonly string[]): Promise<Map<string, string>> {
  if (runIds.length === 0) return new Map();
  const rows = await sql<{ run: string; approval: string }[]>`
    select resume_run_id as run, min(id::text) as approval from approvals where resume_run_id = any(${[...runIds]}::uuid[]) group by resume_run_id`;
  return new Map(rows.map(({ run, approval }) => [run, approval]));
}
