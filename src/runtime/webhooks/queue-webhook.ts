import { findEndedRun } from "#db/queries/find-ended-run.ts";
import { insertWebhook } from "#db/queries/insert-webhook.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { RunStatus } from "#protocol/wire.ts";
import { idOf } from "../ids.ts";
import { finalValuesJson, wireRun } from "../wire-run.ts";
import { withField } from "./with-field.ts";

/**
 * Queues the webhook of a run that asked for one, in the transaction that ends it: after the final status was written, or before the row is
 * deleted with the `status` it ends with. A run has one webhook, whichever way it ends. `valuesJson`: what the thread holds, for states that do
 * not stand in its row.
 */
export async function queueWebhook(
  sql: Sql,
  runId: string,
  { status, valuesJson }: { status?: Extract<RunStatus, "interrupted">; valuesJson?: string | null } = {},
): Promise<void> {
  const run = await findEndedRun(sql, runId);
  if (run === null) return;
  const facts = JSON.stringify({
    ...wireRun(run),
    status: status ?? run.status,
    run_started_at: run.started_at?.toISOString() ?? null,
    run_ended_at: (run.ended_at ?? new Date()).toISOString(),
    ...(run.error === null ? {} : { error: run.error.message }),
  });
  // values may be large: what is text already is not read only to be written again while the run ends
  const payloadJson = withField(facts, "values", finalValuesJson(valuesJson ?? run.values_json, run.interrupts));
  await insertWebhook(sql, { id: idOf("webhook", runId), runId, threadId: run.thread_id, owner: run.owner, url: run.webhook, payloadJson });
}
