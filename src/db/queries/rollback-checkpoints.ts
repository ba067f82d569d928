import type { Sql } from "./sql.ts";

export interface Rollback {
  threadId: string;
  runId: string;
  epoch: number;
  /** The thread's head before the run; null: it had none. */
  base: string | null;
  /** The run carried answers: what its nodes stored at the base besides the questions goes too. */
  dropAnswers: boolean;
}

/** Deletes every checkpoint newer than the base, in all namespaces, while this attempt holds the run. False when it does not. */
export async function rollbackCheckpoints(sql: Sql, rollback: Rollback): Promise<boolean> {
  const { threadId, base } = rollback;
  const newer = base === null ? sql`true` : sql`checkpoint_id > ${base}`;
  const answers = base !== null && rollback.dropAnswers ? sql`or (checkpoint_id = ${base} and channel <> '__interrupt__')` : sql``;
  const rows = await sql`
    with fence as materialized (select 1 as held from runs where run_id = ${rollback.runId} and epoch = ${rollback.epoch} and status = 'running' for share),
    gone as (delete from checkpoints where thread_id = ${threadId} and ${newer} and exists (select 1 from fence)),
    writes as (delete from checkpoint_writes where thread_id = ${threadId} and (${newer} ${answers}) and exists (select 1 from fence))
    select held from fence`;
  return rows.length > 0;
}
