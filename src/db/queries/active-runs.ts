import type { Sql } from "./sql.ts";

export interface ActiveRuns {
  active: { run_id: string; status: "pending" | "running" }[];
  /** Line of history of the thread's latest run; null on a fresh thread. */
  branch: string | null;
}

/** Runs of a thread that are not over, in order, and the branch that the next one inherits. */
export async function activeRuns(sql: Sql, threadId: string): Promise<ActiveRuns> {
  const [row] = await sql<ActiveRuns[]>`
    select
      coalesce((select json_agg(json_build_object('run_id', run_id, 'status', status) order by sequence)
        from runs where thread_id = ${threadId} and status in ('pending', 'running')), '[]') as active,
      (select branch from runs where thread_id = ${threadId} order by sequence desc limit 1) as branch`;
  return row ?? { active: [], branch: null };
}
