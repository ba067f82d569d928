import type { IncomingHttpHeaders } from "node:http";

/** Credentials, which must not end in a run's row. */
const WITHHELD = new Set(["x-api-key", "x-tenant-id", "x-service-key"]);

/** The request headers that a run sees in `configurable`: `x-*` but credentials, and `user-agent`. Lower case. */
export function configurableHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const seen = Object.entries(headers).filter(([name]) => name === "user-agent" || (name.startsWith("x-") && !WITHHELD.has(name)));
  return Object.fromEntries(seen.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]));
}
