// Loaded into a server with `--import`: ends it with SIGKILL right before or right after the n-th checkpoint, program start or order to
// the supervisor. KILL_AT=checkpoint:12:before. With KILL_AT=count it only counts, and prints the totals on SIGUSR2.
import childProcess from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { promisify } from "node:util";

// only the server itself dies; what it starts must outlive it or be cleaned up
delete process.env.NODE_OPTIONS;
const isServer = process.argv[1]?.endsWith("src/main.ts") ?? false;

const [kind, number, moment] = (process.env.KILL_AT ?? "").split(":");
const seen = { checkpoint: 0, program: 0, order: 0 };
const countFile = process.env.KILL_COUNT_FILE;

function die() {
  fs.writeSync(2, `kill-at: ${process.env.KILL_AT}\n`);
  process.kill(process.pid, "SIGKILL");
  // SIGKILL of oneself is delivered before the next statement, but never let one run
  for (;;);
}

/** Counts one event; `true` when the process must die after it. */
function event(name) {
  seen[name] += 1;
  if (countFile !== undefined) fs.writeFileSync(countFile, JSON.stringify(seen));
  if (name !== kind || seen[name] !== Number(number)) return false;
  if (moment === "before") die();
  return true;
}

if (isServer) {
  // programs: git, the sandbox (tests, commands, syntax checks), the supervisor
  const { spawn, execFile } = childProcess;
  childProcess.spawn = function (...args) {
    const last = event("program");
    const child = spawn.apply(this, args);
    if (last) child.once("exit", die);
    return child;
  };
  childProcess.execFile = function (...args) {
    const last = event("program");
    const child = execFile.apply(this, args);
    if (last) child.once("exit", die);
    return child;
  };
  // what `promisify(execFile)` calls instead
  childProcess.execFile[promisify.custom] = async (...args) => {
    const last = event("program");
    try {
      return await execFile[promisify.custom](...args);
    } finally {
      if (last) die();
    }
  };

  // orders to the supervisor go over a unix socket
  const { request } = http;
  http.request = function (...args) {
    const toSupervisor = args.some((argument) => typeof argument === "object" && argument !== null && "socketPath" in argument);
    const last = toSupervisor && event("order");
    const call = request.apply(this, args);
    if (last) call.once("response", (response) => response.once("end", die));
    return call;
  };
  syncBuiltinESMExports();

  const { Checkpointer } = await import("../../src/runtime/checkpointer.ts");
  for (const method of ["put", "putWrites"]) {
    const original = Checkpointer.prototype[method];
    Checkpointer.prototype[method] = async function (...args) {
      const last = event("checkpoint");
      const result = await original.apply(this, args);
      if (last) die();
      return result;
    };
  }
}
