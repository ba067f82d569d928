/**
 * Writes down who was refused what (`access.denied`). A 404 is told only when it hid what is somebody else's; the owner of that then sees who
 * asked for it, and who asked sees nothing of it.
 *
 * So few a minute, for each who asks and for all together, that who scans fills no table: those beyond are counted, the count stands in the
 * next event, and nothing is looked up for them.
 */
import { ownersOfNamed } from "#db/queries/owners-of-named.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { Log } from "#log";
import type { AccessDenials, Denial } from "#ports/access-denials.ts";
import type { RateLimiter } from "#ports/rate-limiter.ts";

/** Of one who asks, or of one address where nobody was let in. */
export const DENIALS_OF_ONE = { perMinute: 10, burst: 10 };
const DENIALS_OF_ALL = { perMinute: 60, burst: 60 };

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
const API_KEY = /slw_[0-9A-Za-z]*/g;

export interface AccessDenialsOptions {
  sql: Sql;
  log: Log;
  /** Of {@link DENIALS_OF_ONE}. */
  limiter: RateLimiter;
  /** Who is not let in is told as `login.failed` already. */
  toldLogins: boolean;
}

export function makeAccessDenials({ sql, log, limiter, toldLogins }: AccessDenialsOptions): AccessDenials {
  let leftOut = 0;

  async function write(denial: Denial): Promise<void> {
    const { status, caller, address } = denial;
    if (status === 401 && denial.presented && toldLogins) return;
    const ids = status === 404 ? [...new Set([denial.path, denial.reason, ...denial.named].join(" ").toLowerCase().match(UUID))] : [];
    if (status === 404 && (caller === null || ids.length === 0)) return;
    const who = caller === null ? `address:${address}` : `caller:${caller.owner}`;
    const fits = (await limiter.take(`denied:${who}`)).allowed && (await limiter.take("denied", DENIALS_OF_ALL)).allowed;
    if (!fits) {
      leftOut += 1;
      return;
    }
    const hidden = ids.length === 0 ? undefined : (await ownersOfNamed(sql, ids)).find(({ owner }) => owner !== caller?.owner);
    if (status === 404 && hidden === undefined) return;
    const data = {
      reason: hidden === undefined ? denial.reason : `This ${hidden.kind} is somebody else's.`,
      action: [denial.method, denial.path, denial.step]
        .filter((word) => word !== null)
        .join(" ")
        .replaceAll(API_KEY, "slw_…"),
      status,
      address,
      ...(leftOut === 0 ? {} : { left_out: leftOut }),
    };
    leftOut = 0;
    await recordEvent(sql, { type: "access.denied", owner: hidden?.owner ?? caller?.owner ?? null, actor: caller?.owner ?? null, data });
  }

  return {
    note(denial) {
      write(denial).catch((error: unknown) => log.warn({ err: error }, "a refusal was not written down"));
    },
  };
}
