import { createHash } from "node:crypto";
import { findRun } from "#db/queries/find-run.ts";
import { findIdempotencyKey, keepIdempotencyKey } from "#db/queries/idempotency-keys.ts";
import type { RunRow } from "#db/queries/run-row.ts";
import type { Sql } from "#db/queries/sql.ts";
import { AppError } from "#errors";
import { JUDGED } from "#governance/permit.ts";

const KEEP_SECONDS = 86_400;

/** A request that may be sent again and must make one run. */
export interface Once {
  key: string;
  /** SHA-256 of what was asked. */
  digest: string;
}

/** `asked`: all that decides what happens, in JSON; the order of its keys does not matter. */
export function once(key: string, asked: unknown): Once {
  return { key, digest: createHash("sha256").update(JSON.stringify(asked, sortKeys)).digest("hex") };
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * The run that this owner's key made within the last day, on whosever thread: whether the owner may see it still, the caller asks. Null when
 * there is none.
 * @throws AppError `idempotency_conflict`: the key was used for another request, or its run is gone
 */
export async function findKeptRun(sql: Sql, owner: string, { key, digest }: Once): Promise<RunRow | null> {
  const kept = await findIdempotencyKey(sql, { owner, key });
  if (kept === null) return null;
  if (kept.digest !== digest)
    throw new AppError("idempotency_conflict", "This Idempotency-Key was used for another request. Send a new key with a new request.");
  const run = await findRun(sql, { runId: kept.run_id, threadId: null, owner: JUDGED });
  if (run === null) throw new AppError("idempotency_conflict", `Run ${kept.run_id}, which this Idempotency-Key made, is gone. Send a new key to run it again.`);
  return run;
}

/** Gives the key to a run that is about to be inserted in the same transaction, or answers the run that has it. */
export async function keepRun(sql: Sql, run: { owner: string; runId: string; once: Once }): Promise<RunRow | null> {
  const { owner, runId } = run;
  if (await keepIdempotencyKey(sql, { owner, runId, ...run.once, keepSeconds: KEEP_SECONDS })) return null;
  return findKeptRun(sql, owner, run.once);
}
