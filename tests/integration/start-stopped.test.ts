import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Says when it is being loaded, and takes its time. */
const SLOW_GRAPH = `
console.log("loading");
await new Promise((resolve) => setTimeout(resolve, 500));
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
