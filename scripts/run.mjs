#!/usr/bin/env node
// Runs one of the project's entry points on the Node that the project brings, installing what is missing first.
//   node scripts/run.mjs [--watch] FILE [arguments]
// Dependency-free, because it runs before anything is installed, and on Node 20, which cannot run TypeScript.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const NEEDED_MAJOR = 24;

/** Changes when the lockfile or the platform does; written after an install that ended well. */
function installStamp() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
}

function install() {
  const stampFile = join(root, "node_modules", ".slipway-installed");
  const stamp = installStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  console.error("Installing dependencies (once; about half a minute) …");
  // under npm the same npm is used; outside, the one on PATH
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const result = spawnSync(npm[0], [...npm.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    console.error("npm ci failed; its message is above. Fix it and run the same command again.");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stampFile, stamp);
}

/** The carried Node, or this one when it is new enough and the platform has no package. */
function findNode() {
  const carried = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]
    .map((name) => join(root, "node_modules", name, "bin", "node"))
    .find(existsSync);
  if (carried) return carried;
  if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) return process.execPath;
  console.error(
    `Slipway needs Node ${NEEDED_MAJOR}; npm carries none for ${process.platform}-${process.arch}, and this is ${process.version}. Install Node ${NEEDED_MAJOR} and try again.`,
  );
  process.exit(1);
}

function parentOf(pid) {
  try {
    // after the name, which may hold spaces and brackets: state, parent
    if (process.platform === "linux") return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ")[1]);
    return Number(spawnSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim());
  } catch {
    return 0;
  }
}

install();
const [file, ...rest] = process.argv[2] === "--watch" ? ["scripts/watch.ts", ...process.argv.slice(3)] : process.argv.slice(2);
if (!file) {
  console.error("usage: node scripts/run.mjs [--watch] FILE [arguments]");
  process.exit(2);
}
const node = findNode();
const child = spawn(node, [file, ...rest], {
  cwd: root,
  stdio: ["inherit", "inherit", "inherit", "ipc"],
  env: {
    ...process.env,
    PATH: `${dirname(node)}:${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`,
    SLIPWAY_CALLER_DIR: process.env.INIT_CWD ?? process.cwd(),
  },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// npm does not always pass a signal on, and cannot when it is killed: an orphan must not keep the port. npm stands above us, or above the
// shell that it starts scripts with.
if (process.env.npm_lifecycle_event) {
  const above = [process.ppid, parentOf(process.ppid)].filter((pid) => pid > 1);
  const isGone = (pid) => {
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return error.code === "ESRCH";
    }
  };
  setInterval(() => above.some(isGone) && child.kill("SIGTERM"), 250).unref();
}
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
