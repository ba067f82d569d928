import { Cron } from "croner";
import { AppError } from "#errors";

/** When a cron ticks: a cron expression of five fields, or six with seconds in front, read on the clocks of a time zone. */
export interface Schedule {
  schedule: string;
  /** IANA name; null is UTC. */
  timezone: string | null;
}

const EXAMPLE = '"0 9 * * 1-5" (minute, hour, day of month, month, day of week) or "*/30 * * * * *" (with seconds in front)';

/**
 * The first tick after a moment, never the moment itself; null when there is none any more. Where the clocks go forward, a fixed time that is
 * skipped comes at the first moment after the gap; where they go back, a fixed time comes once, and "every ten minutes" goes on evenly.
 *
 * @throws AppError `invalid_request` for an expression or a time zone that cannot be read
 */
export function nextTick(schedule: Schedule, after: Date): Date | null {
  return read(schedule).nextRun(after);
}

function read({ schedule, timezone }: Schedule): Cron {
  // the library reads a date as a schedule of one tick, too; a cron is what comes again
  const words = schedule.trim().split(/\s+/);
  if (!schedule.startsWith("@") && words.length !== 5 && words.length !== 6)
    throw unreadable(`schedule: a cron expression has five fields, or six with seconds in front; this one has ${words.length}.`);
  const zone = timezone ?? "UTC";
  mustBeTimeZone(zone);
  try {
    return new Cron(schedule, { paused: true, timezone: zone, mode: "5-or-6-parts", fixedTimeRule: "no-wildcard" });
  } catch (error) {
    throw unreadable(`schedule: ${error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error)}`, error);
  }
}

function mustBeTimeZone(name: string): void {
  try {
    // an offset is no zone: it knows nothing of summer
    if (/^[a-z]/i.test(name)) return void new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    // what is no zone throws, and is answered below
  }
  throw new AppError("invalid_request", `timezone: "${name.slice(0, 100)}" is no IANA time zone. Give one such as "Europe/Berlin", or none for UTC.`);
}

function unreadable(what: string, cause?: unknown): AppError {
  return new AppError("invalid_request", `${what} Give one such as ${EXAMPLE}.`, cause === undefined ? {} : { cause });
}
