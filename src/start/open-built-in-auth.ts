import type { Config } from "#config";
import type { Database } from "#db/client.ts";
import { makeBuiltInAuth } from "#governance/identity/built-in-auth.ts";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import type { Log } from "#log";
import type { BuiltInAuth } from "#ports/authentication.ts";
import { serverLimits } from "./server-limits.ts";

/** Refused credentials of one address. */
const FAILURES = { perMinute: 10, burst: 10 };

/** What `AUTH` names; null for `none`. */
export function openBuiltInAuth(config: Config, { database, log }: { database: Database; log: Log }): BuiltInAuth | null {
  if (config.AUTH.length === 0) return null;
  return makeBuiltInAuth({
    database,
    log,
    tokens: config.AUTH.includes("jwt")
      ? { secret: config.JWT_SECRET, jwksUrl: config.JWKS_URL, issuer: config.JWT_ISSUER, audience: config.JWT_AUDIENCE }
      : null,
    apiKeys: config.AUTH.includes("api-key"),
    serviceKey: config.SERVICE_KEY ?? null,
    limits: serverLimits(config),
    failures: new MemoryRateLimiter(FAILURES),
  });
}
