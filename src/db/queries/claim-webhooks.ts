import type { Sql } from "./sql.ts";

export interface WebhookRow {
  id: string;
  run_id: string;
  thread_id: string;
  url: string;
  payload: Record<string, unknown>;
  /** This send included. */
  attempts: number;
}

/**
 * Takes due webhooks for `leaseSeconds`, in which nobody else does; a sender that dies leaves them due again after that. No lock outlives the
 * statement. New ones come first, so that a receiver that is down does not hold up the others.
 */
export function claimWebhooks(sql: Sql, claim: { limit: number; leaseSeconds: number }): Promise<WebhookRow[]> {
  return sql<WebhookRow[]>`
    with due as materialized (
      select id from webhooks where outcome is null and due_at <= now() order by attempts, due_at limit ${claim.limit} for update skip locked
    )
    update webhooks w set attempts = attempts + 1, due_at = now() + make_interval(secs => ${claim.leaseSeconds})
    from due where w.id = due.id returning w.id, w.run_id, w.thread_id, w.url, w.payload, w.attempts`;
}
