import type { Sql } from "./sql.ts";

/** Threads on which this person has work on a project that is not over. */
export async function workUnderWay(sql: Sql, { projectId, member }: { projectId: string; member: string }): Promise<string[]> {
  const rows = await sql<{ thread_id: string }[]>`
    select distinct t.thread_id from threads t join runs r on r.thread_id = t.thread_id
    where t.project_id = ${projectId} and t.owner = ${member} and r.status in ('pending', 'running')`;
  return rows.map(({ thread_id }) => thread_id);
}
