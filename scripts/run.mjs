#!/usr/bin/env node
// Runs one of the project's entry points on the Node that the project brings, installing what is missing first.
//   node scripts/run.mjs [--watch] FILE [arguments]
// Dependency-free, because it runs before anything is installed, and on Node 20, which cannot run TypeScript.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/**
 * Whether somebody's own `npm ci` has brought all that the lockfile names: in the build of an image, say, which may then run without a
 * network or on a file system that takes no writes. npm leaves behind what it installed, when it has ended.
 */
function isInstalledByNpm() {
  const left = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(left)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { packages: there } = JSON.parse(readFileSync(left, "utf8"));
  const carried = Object.keys(wanted[""].optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
  const fits = (list, mine) => list === undefined || list.includes(mine);
  return Object.entries(wanted).every(([path, { integrity, optional, os, cpu }]) => {
    if (path === "" || (optional && !(carried.includes(path) && fits(os, process.platform) && fits(cpu, process.arch)))) return true;
    return there[path] !== undefined && there[path].integrity === integrity;
  });
}

/**
 * Of first starts side by side (a server, and a key for it in the next terminal) one installs, as `npm ci` empties the folder that the
 * others would write. The file names who does; one that is gone has left it behind. Answers what ends the turn.
 */
function takeTurn() {
  const turn = join(root, ".slipway-installing");
  const isMine = () => existsSync(turn) && readFileSync(turn, "utf8") === String(process.pid);
  const end = () => isMine() && rmSync(turn, { force: true });
  for (let waits = false; ; waits = true) {
    try {
      writeFileSync(turn, String(process.pid), { flag: "wx" });
      // two may have found one left behind, and the slower one have taken away what the faster one made
      pause(200);
      if (isMine()) {
        process.on("exit", end);
        return end;
      }
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isLeftBehind(turn)) rmSync(turn, { force: true });
    else {
      if (!waits) console.error("Dependencies are being installed by another process; waiting for it …");
      pause(100);
    }
  }
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function isLeftBehind(turn) {
  try {
    const pid = Number(readFileSync(turn, "utf8"));
    // made, and its name not yet written
    if (pid === 0) return Date.now() - statSync(turn).mtimeMs > 5_000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function install() {
  const stampFile = join(root, "node_modules", ".slipway-installed");
  const stamp = installStamp();
  const isInstalled = () => (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) || isInstalledByNpm();
  if (isInstalled()) return;
  const endTurn = takeTurn();
  if (isInstalled()) return void endTurn();
  console.error("Installing dependencies (once; about half a minute) …");
  // under npm the same npm is used; outside, the one on PATH
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const result = spawnSync(npm[0], [...npm.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    console.error("npm ci failed; its message is above. Fix it and run the same command again.");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stampFile, stamp);
  endTurn();
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
    // compiled once, not at each start: a third of the time that one takes
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "compiled"),
    SLIPWAY_CALLER_DIR: process.env.INIT_CWD ?? process.cwd(),
  },
});
let told = false;
function tell(signal) {
  told = true;
  child.kill(signal);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => tell(signal));
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
  // once: a second signal would end a child at once that is closing what it has opened
  setInterval(() => !told && above.some(isGone) && tell("SIGTERM"), 250).unref();
}
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
