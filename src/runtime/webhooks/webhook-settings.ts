import { isIP } from "node:net";
import { AppError } from "#errors";
import type { ResolveName } from "./post-webhook.ts";
import { NO_WEBHOOK_RULES, ruledOut, type WebhookRules } from "./project-webhooks.ts";
import { isPublicAddress } from "./public-address.ts";

export interface WebhookSettings {
  /** `whsec_…`; every one of them signs. None: webhooks go out unsigned. */
  secrets: readonly string[];
  /** Receivers on this machine and in private networks are allowed too (`WEBHOOK_ALLOW_PRIVATE`). */
  allowPrivate: boolean;
  /** What the project of the langgraph.json says. */
  rules?: WebhookRules;
  /** Default 10,000. */
  timeoutMs?: number;
  /** Milliseconds between two looks at the table; default 1,000. */
  everyMs?: number;
  /** For tests. */
  resolve?: ResolveName;
  mayReach?: (address: string) => boolean;
  random?: () => number;
}

export const NO_WEBHOOK_SETTINGS: WebhookSettings = { secrets: [], allowPrivate: false };

/** Which addresses a webhook may go to. */
export function mayReach(settings: WebhookSettings): (address: string) => boolean {
  return settings.mayReach ?? (settings.allowPrivate ? () => true : isPublicAddress);
}

/** Refuses at once what is plain from the address alone; names are looked up when the webhook is sent. @throws AppError `invalid_request` */
export function mustBeReachable(settings: WebhookSettings, webhook: string): void {
  const ruled = ruledOut(settings.rules ?? NO_WEBHOOK_RULES, webhook);
  if (ruled !== null) throw new AppError("invalid_request", `webhook: ${ruled}.`);
  const host = new URL(webhook).hostname.replace(/^\[|\]$/g, "");
  const isLocalName = host === "localhost" || host.endsWith(".localhost");
  if (isIP(host) === 0 && !isLocalName) return;
  if (mayReach(settings)(isLocalName ? "127.0.0.1" : host)) return;
  throw new AppError(
    "invalid_request",
    `webhook: ${host} is not an address of the open internet. Name a public one, or set WEBHOOK_ALLOW_PRIVATE=true on the server.`,
  );
}
