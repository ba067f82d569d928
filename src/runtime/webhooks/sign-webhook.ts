import { createHmac } from "node:crypto";

/** What a receiver checks: `webhook-signature` is absent when there is no secret. */
export interface WebhookHeaders extends Record<string, string> {
  "webhook-id": string;
  /** Seconds since 1970; receivers refuse old ones, so that nobody can replay what he recorded. */
  "webhook-timestamp": string;
}

/** Signs as Standard Webhooks does (HMAC-SHA256 over id, timestamp and body), once per secret, so that a secret can be changed without a gap. */
export function signWebhook(input: { id: string; sentAt: Date; body: string; secrets: readonly string[] }): WebhookHeaders {
  const timestamp = String(Math.floor(input.sentAt.getTime() / 1_000));
  const signatures = input.secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(`${input.id}.${timestamp}.${input.body}`).digest("base64")}`;
  });
  return {
    "webhook-id": input.id,
    "webhook-timestamp": timestamp,
    ...(signatures.length === 0 ? {} : { "webhook-signature": signatures.join(" ") }),
  };
}
