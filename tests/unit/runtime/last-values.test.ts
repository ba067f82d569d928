import { expect, test } from "vitest";
import { LastValues } from "#runtime/last-values.ts";

test("small ends fill the room too: the oldest goes, the newest is known", () => {
  const ends = new LastValues();
  const runs = 70_000;
  for (let run = 0; run < runs; run += 1) ends.remember(`run ${run}`, { valuesJson: "{}", plain: true });
  expect(ends.of("run 0")).toBeNull();
  expect(ends.of(`run ${runs - 1}`)).toEqual({ valuesJson: "{}", plain: true });
});

test("one that has no room is not remembered, and does not count", () => {
  const ends = new LastValues();
  ends.remember("large", { valuesJson: "x".repeat(20 * 1_024 * 1_024), plain: true });
  expect(ends.of("large")).toBeNull();
  ends.remember("small", { valuesJson: "{}", plain: false });
  ends.remember("small", { valuesJson: "[]", plain: true });
  expect(ends.of("small")).toEqual({ valuesJson: "[]", plain: true });
});
