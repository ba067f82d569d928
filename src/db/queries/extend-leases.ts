import type { Sql } from "./sql.ts";

/** Keeps the leases that are still ours; a run that is missing in the answer was taken over or is gone. */
export async function extendLeases(
  sql: Sql,
  input: { runs: { runId: string; epoch: number }[]; leaseSeconds: number },
): Promise<Map<string, { cancel: boolean }>> {
  const rows = await sql<{ run_id: string; cancel: boolean }[]>`
    update run_leases l set lease_until = now() + make_interval(secs => ${input.leaseSeconds})
    from unnest(${input.runs.map((run) => run.runId)}::uuid[], ${input.runs.map((run) => run.epoch)}::bigint[]) as held (run_id, epoch), runs r
    where l.run_id = held.run_id and l.epoch = held.epoch and r.run_id = l.run_id
    returning l.run_id, r.cancel is not null as cancel`;
  return new Map(rows.map((row) => [row.run_id, { cancel: row.cancel }]));
}
