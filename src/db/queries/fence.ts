import type { Sql } from "./sql.ts";

/** Who writes: refused unless that run is still running under that epoch. */
export interface Fence {
  readonly runId: string;
  readonly epoch: number;
  /** The run's thread, if nothing had been written to it when the run was claimed. */
  readonly freshThread?: string | null | undefined;
}

/** The first parts of a `with`: `allowed` has a row where the fence lets the writer through, or there is none. Why it locks: `put-checkpoint.ts`. */
export const allowedBy = (sql: Sql, fence: Fence | null) => sql`
    fence as materialized (
      select 1 from runs where run_id = ${fence?.runId ?? null}::uuid and epoch = ${fence?.epoch ?? null}::bigint and status = 'running' for share
    ), allowed as materialized (
      select 1 where ${fence === null}::boolean or exists (select 1 from fence)
    )`;
