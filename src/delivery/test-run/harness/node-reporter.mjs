// node:test's only reporter in the process of one test file, loaded before anything of the project (node-start.mjs). What the project prints means
// nothing; results go to descriptor 4, each line led by a secret that came on standard input and lives in this closure only.
import { readFileSync, writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const CHANNEL = 4;
const LONGEST = 4_000;
const stringify = JSON.stringify;
const write = writeSync;
const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

let taken = false;
let settle = () => undefined;
/** Settles when node:test has taken this reporter. */
export const ready = new Promise((resolve) => (settle = resolve));
let send = () => undefined;

if (isMainThread) {
  const secret = readFileSync(0, "utf8").trim();
  send = (record) => {
    let bytes = Buffer.from(`${secret} ${stringify(record)}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(write(CHANNEL, bytes));
  };
  // programs that a test starts with fork() would load this module too
  process.execArgv.length = 0;
  process.on("exit", (code) => send({ __proto__: null, kind: "exit", code }));
}

export default async function* report(source) {
  if (taken || !isMainThread) return;
  taken = true;
  settle();
  const titles = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      titles.length = data.nesting;
      titles.push(data.name);
    } else if (type === "test:pass" || type === "test:fail") reportCase(type, data, titles.slice(0, data.nesting).concat(data.name));
    else if (type === "test:summary")
      send({
        __proto__: null,
        kind: "end",
        passed: data.counts.passed,
        failed: data.counts.failed + data.counts.cancelled,
        skipped: data.counts.skipped + data.counts.todo,
      });
  }
  yield "";
}

function reportCase(type, data, titles) {
  const suite = data.details?.type === "suite";
  const failure = data.details?.error;
  // a suite is no test; it is told only when it failed by itself, in a hook
  if (suite && (type === "test:pass" || failure?.failureType === "subtestsFailed")) return;
  // an expected failure hides a failing test just as well
  const skipped = data.skip !== undefined || data.todo !== undefined || data.expectFailure !== undefined;
  send({
    __proto__: null,
    kind: "case",
    title: titles.map(String).join(" > "),
    status: skipped ? "skipped" : type === "test:pass" ? "passed" : "failed",
    durationMs: typeof data.details?.duration_ms === "number" ? data.details.duration_ms : null,
    message:
      type === "test:fail"
        ? cut(describe(failure))
        : skipped
          ? data.todo !== undefined
            ? "todo"
            : data.expectFailure !== undefined
              ? "expected failure"
              : "skipped"
          : null,
    suite,
  });
}

function describe(failure) {
  try {
    const cause = failure?.cause ?? failure;
    if (cause instanceof Error) {
      const inner = cause.cause instanceof Error ? `\ncaused by ${cause.cause.stack ?? cause.cause.message}` : "";
      return String(cause.stack ?? cause.message) + inner;
    }
    return String(cause);
  } catch {
    return "an error that cannot be shown";
  }
}
