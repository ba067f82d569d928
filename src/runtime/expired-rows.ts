import { sweepIdempotencyKeys } from "#db/queries/idempotency-keys.ts";
import { sweepWebhooks } from "#db/queries/sweep-webhooks.ts";
import type { Chore } from "./chore.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/** How long it can be looked up what became of a webhook. */
const WEBHOOK_SECONDS = 7 * 86_400;

/** Removes idempotency keys that are out of date and webhooks that were dealt with long ago. */
export function expiredRows(context: RuntimeContext): Chore {
  return {
    name: "expired keys and webhooks",
    everyMs: 10 * 60_000,
    async run() {
      await sweepIdempotencyKeys(context.database.sql);
      await sweepWebhooks(context.database.sql, WEBHOOK_SECONDS);
    },
  };
}
