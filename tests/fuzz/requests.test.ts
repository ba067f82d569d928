import { expect, test } from "vitest";
import { world } from "../conformance/world.ts";
import { fuzz, fuzzSeed, residentMb } from "../helpers/fuzz/fuzz.ts";

const COUNT = 10_000;
/** Far above what a server of this size has; growth without end passes it. */
const MOST_MB = 1_200;

/** Projects come from deliveries, which are too long a way here; keys and policies need authentication; there are no components. */
const OUT_OF_REACH = /^\w+ \/(?:projects\/|ui\/|auth\/keys|policies)|^GET \/threads\/\{thread_id\}\/stream\/events$/;

const here = world();

test(`${COUNT} requests made from the server's own document meet no fault of the server's own`, async () => {
  const document = (await (await here.http("GET", "/openapi.json")).json()) as { paths: Record<string, object> };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  const pid = here.server.pid;
  const report = await fuzz(here, { count: COUNT, seed: fuzzSeed() });
  const statuses = Object.fromEntries([...report.statuses].toSorted(([a], [b]) => a - b));
  console.log(`${report.reached} of ${report.sent} reached a handler; ${report.compared} answers were as the document tells`, statuses);
  console.log(`slowest answer ${Math.round(report.slowestMs)} ms; ${Math.round(residentMb(pid))} MB`);
  expect(report.findings).toEqual([]);
  expect(report.reached / report.sent).toBeGreaterThan(0.4);
  expect(operations.filter((operation) => !report.operations.has(operation) && !OUT_OF_REACH.test(operation))).toEqual([]);
  expect(residentMb(pid)).toBeLessThan(MOST_MB);
  expect(await (await here.http("GET", "/ok")).json()).toEqual({ ok: true });
  expect(here.server.output()).not.toMatch(/request failed|outside of any run|nobody waited/);
});
