import { expect, test } from "vitest";
import { topFrame } from "#nodes/engineering/top-frame.ts";

test.each([
  ["Error: no\n    at ok (src/store.js:12:5)\n    at TestContext.<anonymous> (test/a.test.js:6:10)", { path: "src/store.js", line: 12 }],
  ["Error: no\n    at Test.run (node:internal/test_runner/test:1:2)\n    at file (./src/a.mjs:3:1)", { path: "src/a.mjs", line: 3 }],
  ["Error: no\n    at src/a.js:7:1", { path: "src/a.js", line: 7 }],
  ["Error: no\n    at x (/usr/lib/a.js:7:1)", null],
  ["Error: no\n    at x (node_modules/x/a.js:7:1)", null],
  ['Traceback\n  File "tests/test_a.py", line 8, in test\n  File "app/store.py", line 3, in get\nKeyError', { path: "app/store.py", line: 3 }],
  ["just words", null],
])("%j", (message, frame) => expect(topFrame(message)).toEqual(frame));
