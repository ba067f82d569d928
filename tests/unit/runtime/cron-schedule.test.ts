import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextTick } from "#runtime/cron-schedule.ts";

function ticks(schedule: string, timezone: string | null, from: string, count: number): string[] {
  const found: string[] = [];
  let at: Date | null = new Date(from);
  while (found.length < count && at !== null) {
    at = nextTick({ schedule, timezone }, at);
    if (at !== null) found.push(at.toISOString().replace(":00.000Z", "Z"));
  }
  return found;
}

describe("the next tick", () => {
  test.each([
    ["every minute", "* * * * *", null, "2030-01-01T10:00:59.999Z", ["2030-01-01T10:01Z", "2030-01-01T10:02Z"]],
    ["never the moment itself", "0 10 * * *", null, "2030-01-01T10:00:00.000Z", ["2030-01-02T10:00Z"]],
    ["seconds in front", "*/20 * * * * *", null, "2030-01-01T10:00:00Z", ["2030-01-01T10:00:20.000Z", "2030-01-01T10:00:40.000Z", "2030-01-01T10:01Z"]],
    ["names of days", "0 9 * * mon-fri", null, "2030-01-04T10:00:00Z", ["2030-01-07T09:00Z"]],
    ["nicknames", "@daily", "Asia/Tokyo", "2030-01-01T00:00:00Z", ["2030-01-01T15:00Z"]],
    ["a leap day", "0 0 29 2 *", null, "2030-01-01T00:00:00Z", ["2032-02-29T00:00Z", "2036-02-29T00:00Z"]],
    ["the clocks of the zone", "0 9 * * *", "America/New_York", "2030-01-01T00:00:00Z", ["2030-01-01T14:00Z"]],
    [
      "a fixed time in the gap of spring comes right after it",
      "30 2 * * *",
      "Europe/Berlin",
      "2030-03-30T12:00:00Z",
      ["2030-03-31T01:00Z", "2030-04-01T00:30Z"],
    ],
    ["a fixed time that autumn repeats comes once", "30 2 * * *", "Europe/Berlin", "2030-10-26T12:00:00Z", ["2030-10-27T00:30Z", "2030-10-28T01:30Z"]],
    ["a list of times does, too", "30 2,14 * * *", "Europe/Berlin", "2030-10-26T20:00:00Z", ["2030-10-27T00:30Z", "2030-10-27T13:30Z"]],
    ["every half hour goes on evenly in spring", "*/30 * * * *", "Europe/Berlin", "2030-03-31T00:30:00Z", ["2030-03-31T01:00Z", "2030-03-31T01:30Z"]],
    ["and in autumn", "*/30 * * * *", "Europe/Berlin", "2030-10-27T00:30:00Z", ["2030-10-27T01:00Z", "2030-10-27T01:30Z", "2030-10-27T02:00Z"]],
  ])("%s", (_, schedule, timezone, from, expected) => {
    expect(ticks(schedule, timezone, from, expected.length)).toEqual(expected);
  });

  test("a date that no calendar has", () => {
    expect(nextTick({ schedule: "0 0 30 2 *", timezone: null }, new Date())).toBeNull();
  });

  test.each([
    ["hello", null, "five fields"],
    ["* * * *", null, "this one has 4"],
    ["* * * * * * *", null, "this one has 7"],
    ["2031-01-01T00:00:00", null, "this one has 1"],
    ["61 * * * *", null, "minute: 61"],
    ["0 0 * * funday", null, "0 9 * * 1-5"],
    ["@reboot", null, "@reboot"],
    ["0 9 * * *", "Mars/Olympus", "Europe/Berlin"],
    ["0 9 * * *", "+02:00", "IANA"],
    ["0 9 * * *", "", "IANA"],
  ])("%s in %s is refused and says what to do", (schedule, timezone, words) => {
    expect(() => nextTick({ schedule, timezone }, new Date())).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining(words) }),
    );
  });

  const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"];
  const SCHEDULES = ["* * * * *", "*/7 * * * * *", "30 2 * * *", "0 */2 * * *", "15,45 1-3 * * *", "59 59 23 * * *", "0 0 * * 0"];

  test("lies after the moment it is asked for, and asking from anywhere before it finds the same one", () => {
    const moment = fc.date({ min: new Date("2018-01-01"), max: new Date("2031-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...SCHEDULES),
        fc.constantFrom(...ZONES),
        moment,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (schedule, timezone, from, part) => {
          const next = nextTick({ schedule, timezone }, from);
          if (next === null) throw new Error("these go on for ever");
          expect(next.getTime()).toBeGreaterThan(from.getTime());
          const between = new Date(from.getTime() + Math.floor((next.getTime() - from.getTime() - 1) * part));
          expect(nextTick({ schedule, timezone }, between)?.toISOString()).toBe(next.toISOString());
        },
      ),
      { numRuns: 500 },
    );
  });
});
