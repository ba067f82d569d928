import { EventsFilter } from "#protocol/v2/events-filter.ts";

/**
 * The id of a subscription holds what it is about, so that any process can take it up again after a connection broke (`subscription.reconnect`).
 * It opens nothing by itself: who asks is asked again.
 */
export function subscriptionId(filter: EventsFilter, random: string): string {
  const { since: _, ...lasting } = filter;
  return Buffer.from(JSON.stringify([random, lasting])).toString("base64url");
}

/** Null for what is no id of a subscription. */
export function readSubscriptionId(id: string): EventsFilter | null {
  try {
    const read: unknown = JSON.parse(Buffer.from(id, "base64url").toString("utf8"));
    const parsed = EventsFilter.safeParse(Array.isArray(read) ? read[1] : undefined);
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
