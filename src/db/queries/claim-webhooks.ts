import type { Sql } from "./sql.ts";

export interface WebhookRow {
  id: string;
  run_id: string;
  thread_id: string;
  url: string;
  /** JSON text of an object. */
  payload_json: string;
  bytes: number;
  /** This send included. */
  attempts: number;
}

/**
 * Takes due webhooks for `leaseSeconds`, in which nobody else does; a sender that dies leaves them due again after that. No lock outlives the
 * statement. New ones come first, so that a receiver that is down does not hold up the others. As many as begin within `bytes`, so at least one.
 */
export function claimWebhooks(sql: Sql, claim: { limit: number; bytes: number; leaseSeconds: number }): Promise<WebhookRow[]> {
  return sql<WebhookRow[]>`
    with due as materialized (
      select id, attempts, due_at, bytes from webhooks where outcome is null and due_at <= now() order by attempts, due_at limit ${claim.limit} for update skip locked
    ), fitting as (
      select id from (select id, sum(bytes) over (order by attempts, due_at, id) - bytes as before from due) d where before < ${claim.bytes}
    )
    update webhooks w set attempts = attempts + 1, due_at = now() + make_interval(secs => ${claim.leaseSeconds})
    from fitting where w.id = fitting.id returning w.id, w.run_id, w.thread_id, w.url, w.payload::text as payload_json, w.bytes, w.attempts`;
}
