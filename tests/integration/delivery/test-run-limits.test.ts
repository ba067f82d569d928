import { randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../helpers/database.ts";
import { openWorkshop, processesWith, type Workshop, type WorkshopProject } from "./workshop.ts";

/** Tests that misbehave: each ends as an outcome of its own, keeps the server's memory bounded and leaves nothing behind. */
let hurried: Workshop;
let patient: Workshop;
let node: WorkshopProject;
let python: WorkshopProject;
let patientNode: WorkshopProject;
let patientPython: WorkshopProject;

beforeAll(async () => {
  const { database } = await testDatabase();
  patient = await openWorkshop(database, { outputBytes: 2_000_000 });
  patientNode = await patient.project("node", {}, "node --test");
  patientPython = await patient.project("python", {}, "python3 -m unittest");
  // time enough on this machine for what ends by itself
  const begun = performance.now();
  expect((await patientNode.attempt(nodeTest(""))).totals.executed).toBe(2);
  hurried = await openWorkshop(database, { wallMs: Math.max(4_000, 5 * (performance.now() - begun)) });
  node = await hurried.project("node", {}, "node --test");
  python = await hurried.project("python", {}, "python3 -m unittest");
});
afterAll(async () => {
  await hurried[Symbol.asyncDispose]();
  await patient[Symbol.asyncDispose]();
});

const nodeTest = (body: string): Record<string, string> => ({
  "test/a.test.js": `import { test } from "node:test";\ntest("fine", () => {});\ntest("bad", async () => { ${body} });\n`,
});
const pythonTest = (body: string): Record<string, string> => ({
  "tests/test_a.py": `import unittest\nclass ATest(unittest.TestCase):\n    def test_a(self): pass\n    def test_bad(self):\n        ${body}\n`,
});

test("a hanging test is a timeout that names the file, and what ended before is known", async () => {
  const report = await node.attempt(nodeTest(`await new Promise((resolve) => setInterval(() => {}, 1000));`));
  expect(report).toMatchObject({ outcome: "timeout", green: false, exitCode: null });
  expect(report.findings).toContainEqual(expect.objectContaining({ code: "limits", blocking: true, message: expect.stringContaining("test/a.test.js") }));
  expect(await python.attempt(pythonTest("while True: pass"))).toMatchObject({ outcome: "timeout", green: false });
});

test("a server left open says so", async () => {
  const report = await node.attempt({
    "test/a.test.js": `import { test } from "node:test";\nimport { createServer } from "node:http";\ntest("fine", () => { createServer().listen(0); });\n`,
  });
  expect(report).toMatchObject({ outcome: "timeout", green: false });
});

test("a memory eater is out of memory", async () => {
  const report = await patientNode.attempt(nodeTest(`const all = []; for (;;) all.push(Buffer.alloc(64 * 1024 * 1024, 1));`));
  expect(report).toMatchObject({ outcome: "out_of_memory", green: false });
  expect(await patientPython.attempt(pythonTest("x = [b'x' * (64 * 1024 * 1024 + i) for i in range(100)]"))).toMatchObject({
    outcome: "out_of_memory",
    green: false,
  });
});

test("100 MB of output end the run; the report keeps little of it", async () => {
  const before = process.memoryUsage().rss;
  const report = await patientNode.attempt(
    nodeTest(`for (let i = 0; i < 1600; i++) process.stdout.write("x".repeat(65536)); await new Promise(() => setInterval(() => {}, 1000));`),
  );
  expect(report).toMatchObject({ outcome: "crashed", green: false });
  expect(report.logTail.length).toBeLessThanOrEqual(8_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
});

test("a fork bomb ends with the run", async () => {
  const seconds = `61${randomInt(1e6)}`;
  const report = await node.attempt(
    nodeTest(
      `const { spawn } = await import("node:child_process"); for (;;) { spawn("sleep", ["${seconds}"], { detached: true, stdio: "ignore" }).on("error", () => {}); await new Promise((r) => setImmediate(r)); }`,
    ),
  );
  expect(report.green).toBe(false);
  await expect.poll(() => processesWith(`sleep ${seconds}`)).toEqual([]);
});

test("nothing is left behind", async () => {
  for (const { dataDir } of [hurried, patient]) expect(await readdir(join(dataDir, "test-runs"))).toEqual([]);
});
