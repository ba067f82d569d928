import type { Sql } from "./sql.ts";

export interface KeptRun {
  digest: string;
  run_id: string;
}

/**
 * Keeps which run a key made. False when another run has the key: then nothing was written. Waits for a transaction that is about to keep the
 * same key, so of several that try at once one inserts its run.
 */
export async function keepIdempotencyKey(
  sql: Sql,
  input: { owner: string; key: string; digest: string; runId: string; keepSeconds: number },
): Promise<boolean> {
  const rows = await sql`
    insert into idempotency_keys as k (owner, key, digest, run_id, expires_at)
    values (${input.owner}, ${input.key}, ${input.digest}, ${input.runId}, now() + make_interval(secs => ${input.keepSeconds}))
    on conflict (owner, key) do update set digest = excluded.digest, run_id = excluded.run_id, created_at = now(), expires_at = excluded.expires_at
    where k.expires_at <= now() returning k.key`;
  return rows.length > 0;
}

/** The run that a key made; null when the key is new or out of date. */
export async function findIdempotencyKey(sql: Sql, input: { owner: string; key: string }): Promise<KeptRun | null> {
  const rows = await sql<KeptRun[]>`select digest, run_id from idempotency_keys where owner = ${input.owner} and key = ${input.key} and expires_at > now()`;
  return rows[0] ?? null;
}

export async function sweepIdempotencyKeys(sql: Sql): Promise<void> {
  await sql`delete from idempotency_keys where expires_at <= now()`;
}
