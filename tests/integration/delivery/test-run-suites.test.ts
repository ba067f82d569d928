import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../helpers/database.ts";
import { describeUnless } from "../../helpers/unless.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

/** Runners that projects install: this repository's own vitest stands in for a project's, jest where SLIPWAY_TEST_JEST names a node_modules. */
const MODULES = { vitest: resolve("node_modules"), jest: process.env["SLIPWAY_TEST_JEST"] ?? "" };

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});

for (const runner of ["vitest", "jest"] as const) {
  const missing = existsSync(MODULES[runner]) ? null : "SLIPWAY_TEST_JEST names no node_modules with jest";
  describeUnless(missing, runner, () => {
    let workshop: Workshop;
    beforeAll(async () => {
      workshop = await openWorkshop(database.database, { dependencies: async () => MODULES[runner] });
    }, 60_000);
    afterAll(() => workshop[Symbol.asyncDispose]());

    const head =
      runner === "vitest"
        ? `import { expect, test, describe } from "vitest";\nimport { sum } from "../src/sum.js";\n`
        : `const { sum } = require("../src/sum.js");\n`;
    const source = (body: string): string => (runner === "vitest" ? `export const sum = (a, b) => ${body};\n` : `exports.sum = (a, b) => ${body};\n`);
    const tests = `${head}test("adds", () => expect(sum(1, 2)).toBe(3));\ndescribe("suite", () => { test("zero", () => expect(sum(0, 0)).toBe(0)); });\n`;
    const base = {
      "package.json": `{"private":true,"scripts":{"test":"${runner === "vitest" ? "vitest run" : "jest"}"}${runner === "vitest" ? ',"type":"module"' : ""}}`,
      "src/sum.js": source("a - b"),
      "test/sum.test.js": tests,
    };

    test("red, green, and the same tricks are seen", async () => {
      const project = await workshop.project("node", base, "npm test");
      expect(project.baseline).toMatchObject({ outcome: "failed", green: false, totals: { executed: 2, passed: 1, failed: 1 } });
      expect(project.baseline.cases.map((one) => one.id).toSorted()).toEqual(["test/sum.test.js::adds", "test/sum.test.js::suite > zero"]);
      expect(project.baseline.cases.find((one) => one.status === "failed")?.message).toMatch(/sum\.test\.js/);
      expect(await project.attempt({ "src/sum.js": source("a + b") })).toMatchObject({ outcome: "passed", green: true, findings: [] });

      const caught = async (files: Record<string, string | null>): Promise<string[]> => {
        const report = await project.attempt({ "src/sum.js": source("a + b"), ...files });
        expect(report.green).toBe(false);
        return report.findings.map((finding) => finding.code);
      };
      expect(await caught({ "test/sum.test.js": tests.replace('test("adds"', 'test.skip("adds"') })).toContain("test_skipped");
      await caught({ "test/sum.test.js": tests.replace('test("zero"', 'test.only("zero"') });
      expect(await caught({ "test/sum.test.js": null, "test/b.test.js": tests.replace("adds", "other") })).toContain("test_removed");
      await caught({ "test/sum.test.js": `process.exit(0);\n${tests}` });
      await caught({ "package.json": base["package.json"].replace(/"test":"[^"]*"/, `"test":"${runner} -t zero"`) });
    }, 180_000);
  });
}

test("a runner that is not installed is said to be missing", async () => {
  const workshop = await openWorkshop(database.database);
  const project = await workshop.project("node", { "test/a.test.js": "" }, "npx vitest run");
  expect(project.baseline).toMatchObject({
    green: false,
    findings: expect.arrayContaining([expect.objectContaining({ code: "runner_changed", blocking: true })]),
  });
  await workshop[Symbol.asyncDispose]();
});
