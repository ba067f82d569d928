import { claimWebhooks, type WebhookRow } from "#db/queries/claim-webhooks.ts";
import { webhookDead, webhookDelivered, webhookFailed, webhookGivenBack } from "#db/queries/end-webhook.ts";
import type { Chore } from "../chore.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { postWebhook, type Posted } from "./post-webhook.ts";
import { signWebhook } from "./sign-webhook.ts";
import { mayReach } from "./webhook-settings.ts";
import { withField } from "./with-field.ts";

/** Seconds before each repetition: eight sends over about five hours. */
const DELAYS = [5, 30, 120, 600, 1_800, 3_600, 10_800];
/** So that receivers that were down are not met by everything at once. */
const JITTER = 0.2;
const TIMEOUT_MS = 10_000;
/** Sends at a time in one process. They wait for the network only. */
const SENDS = 20;
/** Characters of what is being sent at a time, or one that is longer: each is in memory whole, and once more on its way out. */
const BYTES = 16 * 1_024 * 1_024;

/**
 * Sends webhooks. A row is
 *
 *   due        written by the end of a run, or given back
 *   leased     one process sends it; when that process dies, the lease runs out and it is due again, with the same id
 *   delivered  a 2xx came
 *   dead       the last try failed, the receiver said 410 Gone, or the address is not allowed; the log says so
 *
 * A send holds no slot of a worker, no transaction and no connection of the database.
 */
export class WebhookSender implements Chore {
  readonly name = "webhooks";
  readonly everyMs: number;
  readonly #context: RuntimeContext;
  readonly #timeoutMs: number;
  readonly #sends = new Set<Promise<void>>();
  /** Of what is being sent. */
  #bytes = 0;
  /** More may be due than there was room for. */
  #more = false;
  #looking: Promise<void> | null = null;
  readonly #stop = new AbortController();

  constructor(context: RuntimeContext) {
    this.#context = context;
    this.everyMs = context.webhooks.everyMs ?? 1_000;
    this.#timeoutMs = context.webhooks.timeoutMs ?? TIMEOUT_MS;
  }

  /** Begins to send what is due and does not wait for the answers; what there was no room for follows as others end. */
  run(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const limit = SENDS - this.#sends.size;
    const bytes = BYTES - this.#bytes;
    this.#more = limit <= 0 || bytes <= 0;
    if (this.#more || this.#stop.signal.aborted) return;
    // twice the time a send takes: its answer is written down before anybody else begins
    const rows = await claimWebhooks(this.#context.database.sql, { limit, bytes, leaseSeconds: (2 * this.#timeoutMs) / 1_000 });
    this.#more = rows.length > 0;
    for (const row of rows) this.#begin(row);
  }

  /** Breaks off what is being sent and gives it back; takes nothing new. */
  async stop(): Promise<void> {
    this.#stop.abort();
    // what is being claimed is given back too
    await this.#looking?.catch(() => {});
    await Promise.all(this.#sends);
  }

  #begin(row: WebhookRow): void {
    this.#bytes += row.bytes;
    const send = this.#send(row)
      .catch((error: unknown) =>
        this.#context.log.warn({ err: error, webhook_id: row.id }, "what became of a webhook could not be written down; it is sent again"),
      )
      .finally(() => {
        this.#sends.delete(send);
        this.#bytes -= row.bytes;
        if (this.#more) this.run().catch(() => {});
      });
    this.#sends.add(send);
  }

  async #send(row: WebhookRow): Promise<void> {
    const { webhooks, database } = this.#context;
    const sentAt = new Date();
    const body = withField(row.payload_json, "webhook_sent_at", JSON.stringify(sentAt.toISOString()));
    const headers = signWebhook({ id: row.id, sentAt, body, secrets: webhooks.secrets });
    const posted = await postWebhook({
      url: row.url,
      headers: { ...webhooks.rules?.headers, ...headers },
      body,
      timeoutMs: this.#timeoutMs,
      signal: this.#stop.signal,
      mayReach: mayReach(webhooks),
      ...(webhooks.resolve === undefined ? {} : { resolve: webhooks.resolve }),
    });
    const { metrics, log } = this.#context;
    const reason = failureOf(posted);
    if (reason === null) {
      metrics.webhookSent("delivered");
      return webhookDelivered(database.sql, row);
    }
    if (posted.kind === "failed" && this.#stop.signal.aborted) return webhookGivenBack(database.sql, row);
    // the path and the query may hold a secret
    const facts = { webhook_id: row.id, run_id: row.run_id, host: new URL(row.url).host, attempts: row.attempts, reason };
    const delay = isHopeless(posted) ? undefined : DELAYS[row.attempts - 1];
    if (delay === undefined) {
      metrics.webhookSent("dead");
      log.error(facts, "a webhook could not be delivered and is given up");
      return webhookDead(database.sql, { ...row, reason });
    }
    metrics.webhookSent("failed");
    log.warn(facts, "a webhook could not be delivered; tried again later");
    await webhookFailed(database.sql, { ...row, reason, delaySeconds: delay * (1 + JITTER * (webhooks.random ?? Math.random)()) });
  }
}

/** Null when the receiver took it. */
function failureOf(posted: Posted): string | null {
  if (posted.kind !== "answered") return posted.reason;
  if (posted.status >= 200 && posted.status < 300) return null;
  return posted.status >= 300 && posted.status < 400 ? `answered ${posted.status}: redirects are not followed` : `answered ${posted.status}`;
}

function isHopeless(posted: Posted): boolean {
  return posted.kind === "forbidden" || (posted.kind === "answered" && posted.status === 410);
}
