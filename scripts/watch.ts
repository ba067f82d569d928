/**
 * Runs an entry point and starts it anew whenever a source changes: ours, and those of the project that LANGGRAPH_JSON names, with its
 * langgraph.json and its .env. `node --watch` sees neither of these.
 *
 *   node scripts/watch.ts FILE [arguments]
 *
 * *running* -> a file changes -> *stopping* (SIGTERM: running work is handed back at its next checkpoint) -> it has ended -> *running*,
 * which takes that work over. When it ends by itself it is *down* until a file changes. A change while *stopping* is covered by the start that follows.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, type FSWatcher, readdirSync, readFileSync, watch } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const OURS = fileURLToPath(new URL("../src", import.meta.url));
const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$|^(?:langgraph|package|tsconfig(?:\..+)?)\.json$|^\.env/;
/** Editors write a file in several goes. */
const SETTLE_MS = 150;
/** A step that takes long must not keep a change from being tried. */
const DRAIN_SECONDS = "2";

const langgraphJson = resolve(process.env["LANGGRAPH_JSON"] ?? "langgraph.json");
const dataDir = resolve(process.env["DATA_DIR"] ?? ".slipway");
const watched = new Map<string, FSWatcher>();

let child: ChildProcess | null = null;
let ending = false;
let timer: NodeJS.Timeout | undefined;

/** Watches a folder and those in it, but for packages, hidden ones and what the server writes. */
function watchFolder(folder: string): void {
  if (watched.has(folder) || folder === dataDir || basename(folder) === "node_modules") return;
  try {
    const watcher = watch(folder, (_event, name) => changed(folder, name ?? ""));
    // a folder that is gone
    watcher.on("error", () => watched.delete(folder));
    watched.set(folder, watcher);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) watchFolder(join(folder, entry.name));
    }
  } catch {
    watched.delete(folder);
  }
}

function changed(folder: string, name: string): void {
  // a folder that was made just now, perhaps with files in it
  if (existsSync(join(folder, name)) && !name.includes(".")) watchFolder(join(folder, name));
  if (!SOURCE.test(name)) return;
  clearTimeout(timer);
  timer = setTimeout(() => restart(join(folder, name)), SETTLE_MS);
}

function restart(because: string): void {
  watchProject();
  if (ending || child?.killed) return;
  console.error(`${because} changed: starting again …`);
  if (child === null) start();
  else child.kill("SIGTERM");
}

function start(): void {
  const environment = { ...process.env, DRAIN_SECONDS: process.env["DRAIN_SECONDS"] ?? DRAIN_SECONDS };
  const started = spawn(process.execPath, process.argv.slice(2), { stdio: ["inherit", "inherit", "inherit", "ipc"], env: environment });
  child = started;
  started.once("exit", (code) => {
    const wasAsked = started.killed;
    child = null;
    if (ending) process.exit(code ?? 1);
    if (wasAsked) start();
    else console.error("It has ended. Waiting for a file to change …");
  });
}

/** The project's folder, and those of graphs that live beside it. */
function watchProject(): void {
  const folder = dirname(langgraphJson);
  watchFolder(folder);
  for (const place of placesIn(langgraphJson)) watchFolder(dirname(resolve(folder, place)));
}

/** Files that a langgraph.json names; none while somebody is in the middle of writing it. */
function placesIn(path: string): string[] {
  try {
    const { graphs, env } = JSON.parse(readFileSync(path, "utf8")) as { graphs?: Record<string, string | { path: string }>; env?: unknown };
    const files = Object.values(graphs ?? {}).map((entry) => (typeof entry === "string" ? entry : entry.path));
    return [...files, ...(typeof env === "string" ? [env] : [])].filter((file) => existsSync(dirname(resolve(dirname(path), file))));
  } catch {
    return [];
  }
}

function end(signal: NodeJS.Signals): void {
  if (child === null) process.exit(0);
  ending = true;
  child.kill(signal);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(signal));
process.on("disconnect", () => end("SIGTERM"));

watchFolder(OURS);
watchProject();
start();
