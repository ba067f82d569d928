import { expect, test } from "vitest";
import { world } from "../../conformance/world.ts";
import { fuzz, fuzzSeed } from "../../helpers/fuzz/fuzz.ts";

const here = world();

/** The short form of `npm run test:fuzz`; always the same requests, as a build must not fail by chance. */
test("requests made from the server's own document meet no fault of the server's own", async () => {
  const report = await fuzz(here, { count: 600, seed: fuzzSeed(7) });
  console.log(`${report.reached} of ${report.sent} reached a handler`, Object.fromEntries([...report.statuses].toSorted(([a], [b]) => a - b)));
  expect(report.findings).toEqual([]);
  expect(report.compared).toBeGreaterThan(100);
  expect(report.reached / report.sent).toBeGreaterThan(0.4);
  expect(await (await here.http("GET", "/ok")).json()).toEqual({ ok: true });
  expect(here.server.output()).not.toMatch(/request failed|outside of any run|nobody waited/);
});
