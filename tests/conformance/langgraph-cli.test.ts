import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, expect } from "vitest";
import { quietPort } from "../helpers/quiet-port.ts";
import { describeUnless } from "../helpers/unless.ts";
import { verifies } from "./verifies.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FIXTURE = join(ROOT, "tests/fixtures/langgraph-cli");
// its dependencies do not agree with ours (TypeScript 5), so it lives in a folder of its own, kept between runs
const HOME = join(ROOT, "node_modules/.cache/langgraph-cli");

function install(): string | null {
  const wanted = readFileSync(join(FIXTURE, "package.json"), "utf8");
  const marker = join(HOME, "installed");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return null;
  mkdirSync(HOME, { recursive: true });
  cpSync(join(FIXTURE, "package.json"), join(HOME, "package.json"));
  const result = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: HOME, encoding: "utf8", timeout: 240_000 });
  if (result.status !== 0) return result.stderr.slice(-300);
  writeFileSync(marker, wanted);
  return null;
}

const problem = install();
if (problem !== null) console.warn(`LangGraph's CLI could not be installed: ${problem}`);

describeUnless(problem === null ? null : "npm could not install LangGraph's command line", "LangGraph's own command line", () => {
  let url = "";
  let output = "";
  const stop: (() => void)[] = [];

  beforeAll(async () => {
    const port = await quietPort();
    // the CLI writes beside its langgraph.json: give it a copy whose sources are ours
    const project = mkdtempSync(join(tmpdir(), "slipway-cli-"));
    for (const name of ["src", "node_modules", "package.json", "tsconfig.json"]) symlinkSync(join(ROOT, name), join(project, name));
    cpSync(join(ROOT, "langgraph.json"), join(project, "langgraph.json"));
    const cli = join(HOME, "node_modules/@langchain/langgraph-cli/dist/cli/cli.mjs");
    const child = spawn(
      process.execPath,
      [cli, "dev", "--config", join(project, "langgraph.json"), "--port", String(port), "--host", "127.0.0.1", "--no-browser"],
      {
        cwd: project,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    child.stderr.on("data", (text: Buffer) => (output += text.toString()));
    stop.push(
      () => child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, "SIGKILL"),
      () => rmSync(project, { recursive: true, force: true }),
    );
    url = `http://127.0.0.1:${port}`;
    while (
      !(await fetch(`${url}/ok`).then(
        (response) => response.ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null) throw new Error(`the CLI ended: ${output.slice(-2_000)}`);
      await pause(100);
    }
  });

  afterAll(() => stop.forEach((step) => step()));

  verifies("ours.langgraph-cli", async () => {
    const client = new Client({ apiUrl: url });
    const names = async (graph: string) => (await client.assistants.getGraph(graph)).nodes.map((node) => node.id);
    expect(await names("product_owner")).toEqual(expect.arrayContaining(["parse_intent", "work", "ask_approval"]));
    expect(await names("engineering")).toEqual(expect.arrayContaining(["analyst", "preparer", "developer", "developer_tools", "tester"]));
    expect(await names("devops")).toEqual(expect.arrayContaining(["ask_secrets", "ask_deploy", "deploy"]));
  });
});
