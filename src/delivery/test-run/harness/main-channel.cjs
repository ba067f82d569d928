// The harness's channel for runners whose main process loads our reporter: tests run in workers, which get neither descriptor 4 nor the secret.
const { readFileSync, writeSync } = require("node:fs");
const { relative, resolve, sep } = require("node:path");

const LONGEST = 4_000;
const secret = readFileSync(0, "utf8").trim();
const root = process.cwd();

function send(record) {
  let bytes = Buffer.from(`${secret} ${JSON.stringify(record)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(4, bytes));
}

process.on("exit", (code) => send({ kind: "exit", code }));

const counts = { passed: 0, failed: 0, skipped: 0 };

exports.tell = (path, title, status, durationMs, message) => {
  counts[status] += 1;
  const text = message === null ? null : String(message);
  const file = relative(root, resolve(root, path)).split(sep).join("/");
  send({
    kind: "case",
    file,
    title,
    status,
    durationMs: typeof durationMs === "number" ? durationMs : null,
    message: text === null ? null : text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text,
  });
};

exports.end = () => send({ kind: "end", ...counts });
