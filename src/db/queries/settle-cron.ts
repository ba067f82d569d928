import type { Sql } from "./sql.ts";

/** The tick is done with: fired, or given up. `nextRunDate` null: it was the last one. */
export async function advanceCron(sql: Sql, input: { cronId: string; lastTick: Date; nextRunDate: Date | null }): Promise<void> {
  await sql`
    update crons set last_tick = ${input.lastTick}, next_run_date = ${input.nextRunDate}, failures = 0, retry_at = null where cron_id = ${input.cronId}`;
}

/** The tick could not be fired; it is tried again later. */
export async function postponeCron(sql: Sql, input: { cronId: string; retryAt: Date }): Promise<void> {
  await sql`update crons set failures = failures + 1, retry_at = ${input.retryAt} where cron_id = ${input.cronId}`;
}

/** Switches a cron off that cannot work; `reason` is shown to its owner. */
export async function disableCron(sql: Sql, input: { cronId: string; reason: string }): Promise<void> {
  await sql`
    update crons set enabled = false, disabled_reason = ${input.reason}, next_run_date = null, failures = 0, retry_at = null, updated_at = now()
    where cron_id = ${input.cronId}`;
}
