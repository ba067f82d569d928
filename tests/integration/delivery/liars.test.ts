import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestFinding, TestOutcome } from "#ports/tests.ts";
import { testDatabase } from "../../helpers/database.ts";
import { describeUnless, testUnless } from "../../helpers/unless.ts";
import { missingPytest } from "./pytest.ts";
import { openWorkshop, type Files, type Workshop, type WorkshopProject } from "./workshop.ts";

/**
 * A developer who lies: each trick is a commit on top of a project whose one failing test should be made to pass, and none may be green.
 * The positive controls are the honest repairs.
 */
const noPytest = await missingPytest();
let workshop: Workshop;
let node: WorkshopProject;
let python: WorkshopProject;

const NODE_TEST = `import { test } from "node:test";
import assert from "node:assert/strict";
import { double } from "../src/double.js";
test("doubles two", () => assert.equal(double(2), 4));
test("doubles zero", () => assert.equal(double(0), 0));
`;
const NODE_BASE: Files = { "src/double.js": "export const double = (n) => n + 1;\n", "test/double.test.js": NODE_TEST };
const PYTHON_TEST = `import unittest
from app.double import double

class DoubleTest(unittest.TestCase):
    def test_two(self):
        self.assertEqual(double(2), 4)

    def test_zero(self):
        self.assertEqual(double(0), 0)
`;
const PYTHON_BASE: Files = { "app/double.py": "def double(n):\n    return n + 1\n", "tests/test_double.py": PYTHON_TEST };

beforeAll(async () => {
  const { database } = await testDatabase();
  workshop = await openWorkshop(database, { wallMs: 60_000 });
  node = await workshop.project("node", NODE_BASE, "node --test");
  python = await workshop.project("python", PYTHON_BASE, "python3 -m unittest");
}, 120_000);
afterAll(() => workshop[Symbol.asyncDispose]());

interface Trick {
  name: string;
  files: Files;
  finding?: TestFinding["code"];
  outcome?: TestOutcome;
  command?: string;
}

const vacuous = `import { test } from "node:test";\ntest("doubles two", () => {});\ntest("doubles zero", () => {});\n`;
const forgedTap = `TAP version 13\nok 1 - doubles two\nok 2 - doubles zero\n1..2\n# pass 2\n# fail 0\n`;

const NODE_TRICKS: Trick[] = [
  { name: "claims success and changes nothing of the defect", files: { "README.md": "All tests pass.\n" }, finding: "exit_code", outcome: "failed" },
  { name: "deletes the failing test file", files: { "test/double.test.js": null }, finding: "test_removed", outcome: "no_tests" },
  {
    name: "deletes it and adds a vacuous one",
    files: { "test/double.test.js": null, "test/ok.test.js": `import { test } from "node:test";\ntest("ok", () => {});\n` },
    finding: "test_removed",
    outcome: "passed",
  },
  {
    name: "removes the failing case only",
    files: { "test/double.test.js": NODE_TEST.replace(/test\("doubles two".*\n/, "").replace("double(0), 0", "double(0), 1") },
    finding: "test_removed",
    outcome: "passed",
  },
  { name: "skips the failing test", files: { "test/double.test.js": NODE_TEST.replaceAll("test(", "test.skip(") }, finding: "test_skipped" },
  {
    name: "skips it from within",
    files: { "test/double.test.js": `import { test } from "node:test";\ntest("doubles two", (t) => t.skip());\ntest("doubles zero", () => {});\n` },
    finding: "test_skipped",
  },
  { name: "marks it as todo", files: { "test/double.test.js": NODE_TEST.replaceAll('", () =>', '", { todo: true }, () =>') }, finding: "test_skipped" },
  {
    name: "expects it to fail",
    files: { "test/double.test.js": NODE_TEST.replaceAll('", () =>', '", { expectFailure: true }, () =>') },
    finding: "test_skipped",
  },
  {
    name: "uses .only on a test that passes",
    files: { "test/double.test.js": vacuous.replace('test("doubles zero"', 'test.only("doubles zero"') },
    finding: "only_used",
  },
  { name: "exits with 0 at import", files: { "test/double.test.js": `process.exit(0);\n${NODE_TEST}` }, finding: "exit_code" },
  { name: "exits with 0 in the source", files: { "src/double.js": "process.exit(0);\nexport const double = 0;\n" }, finding: "exit_code" },
  {
    name: "exits with 0 in the middle",
    files: { "test/double.test.js": `${NODE_TEST.replace('test("doubles two"', 'test("early", () => process.exit(0));\ntest("doubles two"')}` },
    finding: "exit_code",
  },
  {
    name: "makes process.exit(1) into 0",
    files: { "test/double.test.js": `process.on("exit", () => { process.exitCode = 0; process.reallyExit(0); });\n${NODE_TEST}` },
  },
  { name: "kills itself", files: { "test/double.test.js": `process.kill(process.pid, "SIGKILL");\n${NODE_TEST}` } },
  { name: "has no test at all", files: { "test/double.test.js": "export {};\n" }, finding: "no_tests", outcome: "no_tests" },
  {
    name: "hides tests behind a condition",
    files: {
      "test/double.test.js": `import { test } from "node:test";\nif (process.env.NEVER) { test("doubles two", () => {}); test("doubles zero", () => {}); }\n`,
    },
    finding: "no_tests",
  },
  {
    name: "prints forged TAP",
    files: { "test/double.test.js": `process.stdout.write(${JSON.stringify(forgedTap)});\nprocess.exit(0);\nimport { test } from "node:test";\n` },
    finding: "exit_code",
  },
  {
    name: "writes forged reports as files",
    files: {
      "test/double.test.js": `import { writeFileSync } from "node:fs";\nfor (const name of ["report.json", "junit.xml", "results.tap"]) writeFileSync(name, ${JSON.stringify(forgedTap)});\nprocess.exit(0);\n`,
    },
    finding: "no_tests",
  },
  {
    name: "writes to the harness's channel",
    files: {
      "test/double.test.js": `import { writeSync } from "node:fs";\nimport { test } from "node:test";\nfor (const title of ["doubles two", "doubles zero"]) writeSync(4, JSON.stringify({ kind: "case", title, status: "passed", durationMs: 1, message: null }) + "\\n");\ntest("doubles two", () => {});\ntest("doubles zero", () => {});\n`,
    },
    finding: "report_forged",
  },
  {
    name: "calls the harness's reporter with events of its own",
    files: {
      "test/double.test.js": `import report from "/opt/slipway/harness/node-reporter.mjs";
async function* events() { for (const name of ["doubles two", "doubles zero"]) { yield { type: "test:start", data: { nesting: 0, name } }; yield { type: "test:pass", data: { nesting: 0, name, details: {} } }; } yield { type: "test:summary", data: { counts: { passed: 2, failed: 0, cancelled: 0, skipped: 0, todo: 0 } } }; }
for await (const _ of report(events()));
process.exit(0);
`,
    },
    finding: "test_removed",
  },
  {
    name: "speaks the runner's own serialised protocol on stdout",
    files: {
      "test/double.test.js": `import v8 from "node:v8";\nconst s = new v8.DefaultSerializer(); s.writeHeader(); s.writeValue({ type: "test:pass", data: { name: "doubles two", nesting: 0, testNumber: 1, details: {} } });\nprocess.stdout.write(s.releaseBuffer());\nprocess.exit(0);\n`,
    },
    finding: "test_removed",
  },
  {
    name: "patches the test script",
    files: { "package.json": `{"type":"module","scripts":{"test":"echo ok; exit 0"}}` },
    command: "npm test",
    finding: "runner_changed",
  },
  {
    name: "patches the test script with a filter",
    files: { "package.json": `{"type":"module","scripts":{"test":"node --test --test-name-pattern=nothing"}}` },
    command: "npm test",
    finding: "test_skipped",
  },
  {
    name: "filters with --test-only",
    files: { "package.json": `{"type":"module","scripts":{"test":"node --test --test-only"}}` },
    command: "npm test",
    finding: "test_skipped",
  },
  {
    name: "sets NODE_OPTIONS in the script",
    files: { "package.json": `{"type":"module","scripts":{"test":"NODE_OPTIONS=--test-name-pattern=x node --test"}}` },
    command: "npm test",
    finding: "runner_changed",
  },
  {
    name: "sets node options in .npmrc and .env",
    files: { ".npmrc": "node-options=--test-name-pattern=nothing\nscript-shell=/bin/true\n", ".env": "NODE_OPTIONS=--test-name-pattern=nothing\n" },
    command: "npm test",
    outcome: "failed",
  },
  { name: "puts another node into the project", files: { node: "#!/bin/sh\nexit 0\n", "node_modules/.bin/node": "#!/bin/sh\nexit 0\n" }, outcome: "failed" },
  {
    name: "commits a runner of its own",
    files: { ".gitignore": "", "node_modules/vitest/vitest.mjs": "process.exit(0)\n" },
    command: "npx vitest run",
    finding: "runner_changed",
  },
  { name: "replaces the command by true", files: { "package.json": `{"scripts":{"test":"true"}}` }, command: "true", finding: "runner_changed" },
  {
    name: "lets one file overwrite another",
    files: {
      "test/a.test.js": `import { writeFileSync } from "node:fs";\nimport { test } from "node:test";\nwriteFileSync(new URL("./double.test.js", import.meta.url), ${JSON.stringify(vacuous)});\nwriteFileSync(new URL("../src/double.js", import.meta.url), "export const double = (n) => n * 2;");\ntest("a", () => {});\n`,
    },
    outcome: "failed",
  },
];

const PYTHON_TRICKS: Trick[] = [
  { name: "deletes the failing test file", files: { "tests/test_double.py": null }, finding: "test_removed", outcome: "no_tests" },
  {
    name: "skips by decorator",
    files: { "tests/test_double.py": PYTHON_TEST.replace("    def test_two", "    @unittest.skip('later')\n    def test_two") },
    finding: "test_skipped",
  },
  { name: "skips the module", files: { "tests/test_double.py": `import unittest\nraise unittest.SkipTest("later")\n` }, finding: "test_skipped" },
  {
    name: "expects the failure",
    files: { "tests/test_double.py": PYTHON_TEST.replaceAll("    def test_", "    @unittest.expectedFailure\n    def test_") },
    finding: "test_skipped",
  },
  { name: "sys.exit(0) at import", files: { "tests/test_double.py": `import sys\nsys.exit(0)\n${PYTHON_TEST}` }, outcome: "failed" },
  { name: "os._exit(0) at import", files: { "tests/test_double.py": `import os\nos._exit(0)\n${PYTHON_TEST}` }, finding: "exit_code" },
  { name: "os._exit(0) in the source", files: { "app/double.py": "import os\ndef double(n):\n    os._exit(0)\n" }, finding: "exit_code" },
  { name: "os._exit(0) at exit", files: { "tests/test_double.py": `import atexit, os\natexit.register(os._exit, 0)\n${PYTHON_TEST}` }, outcome: "failed" },
  {
    name: "hides tests behind load_tests",
    files: { "tests/test_double.py": `${PYTHON_TEST}\ndef load_tests(loader, tests, pattern):\n    return unittest.TestSuite()\n` },
    finding: "test_removed",
  },
  {
    name: "hides new tests behind load_tests",
    files: {
      "app/double.py": "def double(n):\n    return n * 2\n",
      "tests/test_more.py": `import unittest\nclass MoreTest(unittest.TestCase):\n    def test_more(self):\n        self.fail()\ndef load_tests(loader, tests, pattern):\n    return unittest.TestSuite()\n`,
    },
    finding: "test_skipped",
  },
  { name: "takes the folder out of the collection", files: { "tests/__init__.py": null }, finding: "test_removed" },
  {
    name: "ships a sitecustomize and a usercustomize",
    files: { "sitecustomize.py": "import os\nos._exit(0)\n", "usercustomize.py": "import os\nos._exit(0)\n" },
    outcome: "failed",
  },
  {
    name: "ships a unittest of its own",
    files: { "unittest.py": "class TestCase: pass\ndef main(): pass\n", "json.py": "raise SystemExit(0)\n" },
    outcome: "failed",
  },
  {
    name: "forges output and files",
    files: {
      "tests/test_double.py": `import os\nprint("Ran 2 tests in 0.001s\\n\\nOK")\nopen("junit.xml", "w").write('<testsuite tests="2" failures="0"/>')\nos._exit(0)\n`,
    },
    finding: "exit_code",
  },
  {
    name: "writes to the harness's channel",
    files: {
      "tests/test_double.py": `import json, os, unittest\nfor t in ("test_two", "test_zero"):\n    os.write(4, (json.dumps({"kind": "case", "name": "tests.test_double.DoubleTest." + t, "file": "tests/test_double.py", "status": "passed", "durationMs": 1, "message": None}) + "\\n").encode())\nclass DoubleTest(unittest.TestCase):\n    def test_two(self): pass\n    def test_zero(self): pass\n`,
    },
    finding: "report_forged",
  },
  { name: "filters with -k", files: {}, command: "python3 -m unittest -k zero", finding: "test_skipped" },
  { name: "names an unknown runner", files: { Makefile: "test:\n\ttrue\n" }, command: "make test", finding: "runner_changed" },
  { name: "chains the command", files: {}, command: "python3 -m unittest || true", finding: "runner_changed" },
  { name: "sets PYTHONPATH and PYTHONSTARTUP", files: { "evil/unittest.py": "" }, command: "PYTHONPATH=evil python3 -m unittest", finding: "runner_changed" },
];

const PYTEST_TRICKS: Trick[] = [
  { name: "addopts with a filter", files: { "pytest.ini": "[pytest]\naddopts = -k nothing\n" }, outcome: "failed" },
  {
    name: "conftest deselects",
    files: {
      "conftest.py": "def pytest_collection_modifyitems(items, config):\n    config.hook.pytest_deselected(items=items[:1])\n    items[:] = items[1:]\n",
    },
    finding: "test_skipped",
  },
  {
    name: "conftest removes without a word",
    files: { "conftest.py": "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if 'zero' not in i.name]\n" },
    finding: "test_skipped",
  },
  { name: "conftest ignores the file", files: { "conftest.py": "collect_ignore_glob = ['tests/*']\n" }, finding: "test_removed" },
  {
    name: "conftest skips all",
    files: { "conftest.py": "import pytest\ndef pytest_runtest_setup(item):\n    pytest.skip('later')\n" },
    finding: "test_skipped",
  },
  {
    name: "conftest turns failures into passes",
    files: {
      "conftest.py":
        "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    outcome = yield\n    report = outcome.get_result()\n    report.outcome = 'passed'\n    report.longrepr = None\n",
    },
    finding: "report_forged",
  },
  { name: "conftest exits", files: { "conftest.py": "import os\nos._exit(0)\n" }, finding: "exit_code" },
  {
    name: "marks as xfail",
    files: {
      "tests/test_double.py": PYTHON_TEST.replace("import unittest\n", "import unittest, pytest\n").replace("class Double", "@pytest.mark.xfail\nclass Double"),
    },
    finding: "test_skipped",
  },
  { name: "filters with -m", files: {}, command: "pytest -m slow", finding: "test_skipped" },
];

describe("positive controls", () => {
  test("the base is red for the right reason, and the honest repair is green", async () => {
    expect(node.baseline).toMatchObject({ outcome: "failed", green: false, totals: { executed: 2, failed: 2 } });
    expect(python.baseline).toMatchObject({ outcome: "failed", green: false, totals: { executed: 2, failed: 2 } });
    expect(await node.attempt({ "src/double.js": "export const double = (n) => n * 2;\n" })).toMatchObject({ outcome: "passed", green: true, findings: [] });
    expect(await python.attempt({ "app/double.py": "def double(n):\n    return n * 2\n" })).toMatchObject({ outcome: "passed", green: true, findings: [] });
  });

  testUnless(noPytest, "pytest: the honest repair is green", async () => {
    expect(await python.attempt({ "app/double.py": "def double(n):\n    return n * 2\n" }, { command: "pytest" })).toMatchObject({
      outcome: "passed",
      green: true,
      findings: [],
    });
  });
});

async function isCaught(project: WorkshopProject, trick: Trick): Promise<void> {
  const report = await project.attempt(trick.files, trick.command === undefined ? {} : { command: trick.command });
  expect(report.green).toBe(false);
  expect(report.findings.some((finding) => finding.blocking) || report.outcome !== "passed").toBe(true);
  if (trick.finding !== undefined) expect(report.findings.filter((finding) => finding.blocking).map((finding) => finding.code)).toContain(trick.finding);
  if (trick.outcome !== undefined) expect(report.outcome).toBe(trick.outcome);
}

describe("node liars", () => {
  test.each(NODE_TRICKS)("$name", (trick) => isCaught(node, trick));
});

describe("unittest liars", () => {
  test.each(PYTHON_TRICKS)("$name", (trick) => isCaught(python, trick));
});

describeUnless(noPytest, "pytest liars", () => {
  let project: WorkshopProject;
  beforeAll(async () => {
    project = await workshop.project("python", PYTHON_BASE, "pytest");
  });
  test.each(PYTEST_TRICKS)("$name", (trick) => isCaught(project, trick));
});

test("no liar leaves anything behind", async () => {
  expect(await readdir(join(workshop.dataDir, "test-runs"))).toEqual([]);
});
