import type { Sql } from "./sql.ts";

/** What became of one send. A send that took so long that another one began says nothing any more: `attempts` tells them apart. */
export type WebhookSend = { id: string; attempts: number };

/** The receiver has it: the payload is not kept. */
export async function webhookDelivered(sql: Sql, send: WebhookSend): Promise<void> {
  await sql`update webhooks set outcome = 'delivered', payload = null, last_error = null, ended_at = now() where id = ${send.id} and outcome is null`;
}

/** Given up. The payload stays until it is swept, so that somebody may set `outcome` back to null and have it sent after all. */
export async function webhookDead(sql: Sql, send: WebhookSend & { reason: string }): Promise<void> {
  await sql`update webhooks set outcome = 'dead', last_error = ${send.reason}, ended_at = now() where id = ${send.id} and attempts = ${send.attempts}`;
}

/** It comes again after a while. */
export async function webhookFailed(sql: Sql, send: WebhookSend & { reason: string; delaySeconds: number }): Promise<void> {
  await sql`
    update webhooks set last_error = ${send.reason}, due_at = now() + make_interval(secs => ${send.delaySeconds})
    where id = ${send.id} and attempts = ${send.attempts} and outcome is null`;
}

/** A send that was broken off because its process ends: it does not count, and the next process may begin at once. */
export async function webhookGivenBack(sql: Sql, send: WebhookSend): Promise<void> {
  await sql`update webhooks set attempts = attempts - 1, due_at = now() where id = ${send.id} and attempts = ${send.attempts} and outcome is null`;
}
