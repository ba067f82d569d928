import type { Sql } from "./sql.ts";

export interface ActiveRuns {
  /** `planned`: it is to begin later, and has not begun yet. */
  active: { run_id: string; status: "pending" | "running"; planned: boolean }[];
  /** Line of history of the thread's latest run; null on a fresh thread. */
  branch: string | null;
}

/** Runs of a thread that are not over, in order, and the branch that the next one inherits. */
export async function activeRuns(sql: Sql, threadId: string): Promise<ActiveRuns> {
  const [row] = await sql<ActiveRuns[]>`
    select
      coalesce((select json_agg(json_build_object('run_id', run_id, 'status', status, 'planned', attempt = 0 and run_after > now()) order by sequence)
        from runs where thread_id = ${threadId} and status in ('pending', 'running')), '[]') as active,
      (select branch from runs where thread_id = ${threadId} order by sequence desc limit 1) as branch`;
  return row ?? { active: [], branch: null };
}
