import type { Database } from "#db/client.ts";
import { DENIALS_OF_ONE, makeAccessDenials } from "#governance/access-denials.ts";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import type { Log } from "#log";
import type { AccessDenials } from "#ports/access-denials.ts";

/** Who is refused what; null where everybody is the one owner. `auth`: whose identities are in use. */
export function openAccessDenials({ database, log, auth }: { database: Database; log: Log; auth: "built-in" | "project" | null }): AccessDenials | null {
  if (auth === null) return null;
  return makeAccessDenials({ sql: database.sql, log, limiter: new MemoryRateLimiter(DENIALS_OF_ONE), toldLogins: auth === "built-in" });
}
