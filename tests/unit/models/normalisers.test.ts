import { describe, expect, test } from "vitest";
import { NORMALISERS, normalise } from "#models/normalisers.ts";

describe("what may differ between two equal deliveries", () => {
  test.each([
    ["a\r\nb", "a\nb"],
    ["\u001b[31mred\u001b[0m", "red"],
    ["id 5b0a4a5e-6d0c-4a53-9c0e-2f6d6b1d7a10.", "id <uuid>."],
    ["at 2026-11-20T21:46:24.123Z", "at <time>"],
    ["Fri, 20 Nov 2026 21:46:24 GMT", "<time>"],
    ["Fri Nov 20 21:46:24 UTC 2026", "<time>"],
    ["created 1763674000123", "created <time>"],
    ["on http://127.0.0.1:40123/polls", "on http://<host>/polls"],
    ["on http://polls.localhost:2080/", "on http://<host>/"],
    ["listening on port 40123", "listening on port <port>"],
    ["    at run (node:internal/process/task_queues:105:5)\n    at Test.x (node:async_hooks:227:14)\n    at mine (src/a.js:1:2)", "    at mine (src/a.js:1:2)"],
    ['  File "/usr/lib/python3.11/unittest/case.py", line 57, in testPartExecutor\n    yield\nnext', "next"],
    ["    self.assertEqual(1, 2)\n    ^^^^^^^^^^^^^^\nnext", "    self.assertEqual(1, 2)\nnext"],
    ["FAIL: test_a (tests.test_links.LinksTest.test_a)", "FAIL: test_a (tests.test_links.LinksTest)"],
    ["FAIL: test_a (tests.test_links.LinksTest)", "FAIL: test_a (tests.test_links.LinksTest)"],
    ["in /tmp/slipway-x/work/src/a.js:3", "in <path>:3"],
    ["file:///home/me/.slipway/w/a.js", "<path>"],
    [`commit ${"a1".repeat(20)}`, "commit <sha>"],
    ["commit 79ab947 done", "commit <sha> done"],
    ["duration_ms 12.5", "duration_ms <duration>"],
    ["ok (3.21ms)", "ok (<duration>)"],
    ["Ran 3 tests in 0.003s", "Ran 3 tests in <duration>"],
    ["(node:4242) Warning", "(node:<pid>) Warning"],
    ["Node.js v24.21.0", "Node.js v<version>"],
    ["object at 0x7f8a12cd", "object at <address>"],
    ["end   \nnext", "end\nnext"],
  ])("%j", (given, expected) => expect(normalise(given)).toBe(expected));

  test.each([
    ["sessions end after 30 seconds"],
    ["GET /polls/1/votes answers 404"],
    ["import { a } from './src/a.js'"],
    ["a decade of facade work"],
    ["version 2.10"],
    ["| --- | --- |"],
  ])("%j stays as it is", (text) => expect(normalise(text)).toBe(text));

  test("every normaliser is settled after one pass", () => {
    const text = "at 2026-11-20T21:46:24Z in /tmp/a/b 12ms http://localhost:3000 79ab947";
    for (const normaliser of NORMALISERS) expect(normaliser.apply(normaliser.apply(text))).toBe(normaliser.apply(text));
  });
});
