import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../helpers/database.ts";
import { missingPytest } from "./pytest.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

const noPytest = await missingPytest();
let database: TestDatabase;
let workshop: Workshop;

beforeAll(async () => {
  database = await testDatabase();
  workshop = await openWorkshop(database.database);
}, 120_000);
afterAll(() => workshop[Symbol.asyncDispose]());

const SUM = "export const sum = (a, b) => a + b;\n";
const SUM_TEST = `import { test, describe, it } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { sum } from "../src/sum.js";
test("adds", () => assert.equal(sum(1, 2), 3));
describe("suite", () => { it("inner", async (t) => { await t.test("sub", () => {}); }); });
test("listens", async () => {
  const server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const answer = await fetch("http://127.0.0.1:" + server.address().port);
  assert.equal(await answer.text(), "hello");
  server.closeAllConnections(); server.close();
  writeFileSync("data.json", "{}");
});
`;
const PYTHON_TEST = `import unittest
from app.sum import add

class SumTest(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(add(1, 2), 3)

    def test_many(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(add(n, 0), n)
`;

describe("honest projects", () => {
  test("node: red with the failing case and its message, then green", async () => {
    const project = await workshop.project("node", {}, "node --test");
    expect(project.baseline).toMatchObject({ outcome: "no_tests", green: false, totals: { executed: 0 } });
    const red = await project.attempt({ "src/sum.js": "export const sum = (a, b) => a - b;\n", "test/sum.test.js": SUM_TEST });
    expect(red).toMatchObject({ outcome: "failed", green: false, exitCode: 1, totals: { executed: 4, passed: 3, failed: 1, skipped: 0 } });
    const failed = red.cases.find((one) => one.status === "failed");
    expect(failed).toMatchObject({ id: "test/sum.test.js::adds", file: "test/sum.test.js" });
    expect(failed?.message).toContain("test/sum.test.js:6");
    expect(failed?.message).not.toContain("/workspace");
    const green = await project.attempt({ "src/sum.js": SUM, "test/sum.test.js": SUM_TEST });
    expect(green).toMatchObject({ outcome: "passed", green: true, exitCode: 0, findings: [], totals: { executed: 4, passed: 4, failed: 0, skipped: 0 } });
    expect(green.cases.map((one) => one.id)).toContain("test/sum.test.js::suite > inner > sub");
  });

  test("node: npm test, helpers beside tests, files named in the command", async () => {
    const project = await workshop.project(
      "node",
      { "src/sum.js": SUM, "test/sum.test.js": SUM_TEST, "test/helper.js": "export const helper = 1;\n" },
      "npm test",
    );
    expect(project.baseline).toMatchObject({ green: true, findings: [] });
    expect(await project.attempt({ "test/more.test.mjs": SUM_TEST }, { command: "node --test test/*.test.*js" })).toMatchObject({
      green: true,
      totals: { executed: 8 },
    });
  });

  test("python: unittest, also below a folder given by the command", async () => {
    const base = { "app/sum.py": "def add(a, b):\n    return a + b\n", "tests/test_sum.py": PYTHON_TEST };
    const project = await workshop.project("python", base, "python3 -m unittest");
    expect(project.baseline).toMatchObject({ outcome: "passed", green: true, totals: { executed: 2, passed: 2 } });
    expect(project.baseline.cases.map((one) => one.id)).toEqual(["tests/test_sum.py::SumTest.test_adds", "tests/test_sum.py::SumTest.test_many"]);
    const red = await project.attempt({ "app/sum.py": "def add(a, b):\n    return a - b\n" }, { command: "python3 -m unittest discover -s tests -t ." });
    expect(red).toMatchObject({ outcome: "failed", totals: { failed: 1 } });
    expect(red.cases.find((one) => one.status === "failed")?.message).toContain("tests/test_sum.py");
  });

  test("python: pytest, or the word that it is missing", async () => {
    const base = {
      "app/sum.py": "def add(a, b):\n    return a + b\n",
      "tests/test_sum.py":
        "import pytest\nfrom app.sum import add\n\n@pytest.mark.parametrize('n', [1, 2])\ndef test_adds(n):\n    assert add(n, 1) == n + 1\n",
    };
    const project = await workshop.project("python", base, "pytest -q");
    if (noPytest !== null) {
      expect(project.baseline.green).toBe(false);
      expect(project.baseline.logTail).toContain("pytest is not installed");
      return;
    }
    expect(project.baseline).toMatchObject({ outcome: "passed", green: true, totals: { executed: 2 } });
    expect(await project.attempt({ "app/sum.py": "def add(a, b):\n    return a\n" })).toMatchObject({ outcome: "failed", totals: { failed: 2 } });
  });
});

describe("reports", () => {
  test("are made once per id, equal runs have equal digests, the whole log is kept, nothing else is", async () => {
    const project = await workshop.project(
      "node",
      { "src/sum.js": SUM, "test/sum.test.js": `console.log("said ${"x".repeat(20)}");\n${SUM_TEST}` },
      "node --test",
    );
    const input = {
      reportId: randomUUID() as string,
      projectId: project.projectId,
      deliveryId: null,
      commitSha: project.baseline.commitSha,
      stack: "node" as const,
      command: "node --test",
      baselineReportId: project.baseline.id,
    };
    const [one, two] = await Promise.all([workshop.tests.run(input), workshop.tests.run(input)]);
    expect(two).toEqual(one);
    expect(await workshop.tests.get(input.reportId)).toEqual(one);
    expect(one.digest).toBe(project.baseline.digest);
    expect(await readFile(join(workshop.dataDir, "artifacts", `${input.reportId}.log`), "utf8")).toContain("said xxx");
    expect(one.logTail).toContain("said xxx");
    expect(await readdir(join(workshop.dataDir, "test-runs"))).toEqual([]);
  });

  test("a commit that does not exist, a missing baseline and a cancelled run are errors, not reports", async () => {
    const project = await workshop.project("node", { "test/hang.test.js": "" }, "node --test");
    const input = {
      reportId: randomUUID() as string,
      projectId: project.projectId,
      deliveryId: null,
      commitSha: project.baseline.commitSha,
      stack: "node" as const,
      command: "node --test",
      baselineReportId: null,
    };
    await expect(workshop.tests.run({ ...input, commitSha: "deadbeef".repeat(5) })).rejects.toMatchObject({ code: "commit_unknown" });
    await expect(workshop.tests.run({ ...input, baselineReportId: randomUUID() })).rejects.toMatchObject({ code: "test_infrastructure" });
    await expect(workshop.tests.run({ ...input, signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    expect(await workshop.tests.get(input.reportId)).toBeNull();
  });
});
