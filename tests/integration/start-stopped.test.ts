import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { testDatabase } from "../helpers/database.ts";
import { startServer } from "../helpers/server.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Says when it is being loaded, and is not loaded before the process is told to stop. */
const SLOW_GRAPH = `
const told = new Promise((resolve) => process.once("SIGTERM", resolve));
console.log("loading");
await told;
export const graph = () => { throw new Error("nobody runs it"); };
`;

test("a process that is told to stop while it starts closes what it has opened, the embedded PostgreSQL too", async () => {
  const folder = temporaryFolder("start");
  await writeFile(join(folder, "graph.mjs"), SLOW_GRAPH);
  await writeFile(join(folder, "langgraph.json"), JSON.stringify({ graphs: { slow: "./graph.mjs:graph" } }));
  const { PATH = "", HOME = "/tmp" } = process.env;
  const environment = {
    PATH,
    HOME,
    PORT: "0",
    PROXY_PORT: "0",
    LOG_LEVEL: "warn",
    DATA_DIR: join(folder, "data"),
    LANGGRAPH_JSON: join(folder, "langgraph.json"),
  };
  const child = spawn(process.execPath, ["src/main.ts"], { cwd: ROOT, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const loading = Promise.withResolvers<void>();
  const ended = once(child, "exit");
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("loading")) loading.resolve();
    });
  }
  await Promise.race([loading.promise, ended.then(() => Promise.reject(new Error(output)))]);
  const postmaster = join(folder, "data", "postgres", "data", "postmaster.pid");
  expect(existsSync(postmaster)).toBe(true);
  child.kill("SIGTERM");
  expect(await ended, output).toEqual([0, null]);
  expect(output).not.toContain("ready");
  expect(existsSync(postmaster)).toBe(false);
});

test("Ctrl-C, which reaches npm, the launcher and the server at once, is one wish to stop: the embedded PostgreSQL is not left behind", async () => {
  const folder = temporaryFolder("ctrl-c");
  await writeFile(join(folder, "langgraph.json"), '{"graphs": {}}');
  const { PATH = "", HOME = "/tmp" } = process.env;
  const environment = { PATH, HOME, PORT: "0", PROXY_PORT: "0", DATA_DIR: join(folder, "data"), LANGGRAPH_JSON: join(folder, "langgraph.json") };
  const npm = spawn("npm", ["start"], { cwd: ROOT, env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ready = Promise.withResolvers<void>();
  const closed = Promise.all([once(npm.stdout, "close"), once(npm.stderr, "close")]);
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("is ready")) ready.resolve();
    });
  }
  await Promise.race([ready.promise, closed.then(() => Promise.reject(new Error(output)))]);
  const postmaster = join(folder, "data", "postgres", "data", "postmaster.pid");
  const server = Number((await readFile(postmaster, "utf8")).split("\n")[0]);
  process.kill(-(npm.pid ?? Number.NaN), "SIGINT");
  // npm does not wait for its script, whose output ends with its last process
  await closed;
  const left = existsSync(postmaster);
  if (left) process.kill(server, "SIGINT");
  expect(left, output).toBe(false);
});

test("a DATA_DIR that takes nothing ends the start of whoever delivers, with a database elsewhere too, and not of others", async () => {
  const { url: databaseUrl } = (await testDatabase()).database;
  await expect(startServer({ databaseUrl, dataDir: "/proc/slipway" })).rejects.toThrow(/may not write below \/proc\/slipway .*DATA_DIR/);
  const folder = temporaryFolder("not-ours");
  await writeFile(join(folder, "langgraph.json"), '{"graphs": {}}');
  await using other = await startServer({ databaseUrl, dataDir: "/proc/slipway", langgraphJson: join(folder, "langgraph.json") });
  expect((await fetch(`${other.url}/ok`)).status).toBe(200);
});
