import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { createLog } from "#log";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { readLanggraphProject } from "#runtime/langgraph-project.ts";
import { loadGraphs } from "#runtime/load-graphs.ts";
import { testDatabase } from "../../helpers/database.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const run = promisify(execFile);
const PROJECTS = fileURLToPath(new URL("../../fixtures/runtime-projects", import.meta.url));
const SERVE = fileURLToPath(new URL("../../fixtures/processes/serve-project.ts", import.meta.url));

const LOAD = fileURLToPath(new URL("../../fixtures/processes/load-project.ts", import.meta.url));

interface Seen {
  first: string[];
  asked: { kind: string; action: string }[];
  second: string[];
  nodes: number;
  values: Record<string, unknown>;
  next: string[];
}

/** Copies a project to where no node_modules is above it, and serves it in a process of its own. */
async function serve(project: string, input: unknown, answer: unknown): Promise<Seen> {
  const { url } = await testDatabase();
  const folder = join(temporaryFolder("foreign"), project);
  await cp(join(PROJECTS, project), folder, { recursive: true });
  if (project === "typescript") await rename(join(folder, "env.example"), join(folder, ".env"));
  const env = {
    PATH: process.env["PATH"],
    DATABASE_URL: url,
    GRAPHS: join(folder, "langgraph.json"),
    INPUT: JSON.stringify(input),
    ANSWER: JSON.stringify(answer),
  };
  const { stdout } = await run(process.execPath, [SERVE], { env });
  return JSON.parse(stdout) as Seen;
}

describe("a project that is not ours is streamed, asked and resumed:", () => {
  test("JavaScript, compiled by its author", async () => {
    const seen = await serve("javascript", { name: "Ada" }, "yes");
    expect(seen.first.join()).toContain("greet?");
    expect(seen).toMatchObject({ asked: [{ kind: "question" }], values: { text: 'hello Ada ("yes")' }, next: [] });
    expect(seen.second.at(-1)).toContain("hello Ada");
  });

  test("TypeScript with enums, namespaces, decorators, parameter properties, .js specifiers and path aliases, from a factory", async () => {
    const seen = await serve("typescript", { name: "Ada" }, true);
    expect(seen).toMatchObject({ asked: [{ kind: "question" }], values: { text: "hello Ada, please (warm, true)", tone: "warm" }, nodes: 4 });
  });

  test("the Functional API in CommonJS", async () => {
    const seen = await serve("functional", { name: "Ada" }, { ok: 1 });
    expect(seen).toMatchObject({ asked: [{ kind: "question" }], values: { text: 'hello Ada ({"ok":1})' } });
  });

  test("createAgent with its human in the loop", async () => {
    const seen = await serve("agent", { messages: [{ type: "human", content: "greet Ada" }] }, { decisions: [{ type: "approve" }] });
    expect(seen.asked).toEqual([{ kind: "question", action: "greet" }]);
    const messages = seen.values["messages"] as { type: string; content: string }[];
    expect(messages.map((message) => message.type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(messages.at(-1)?.content).toBe("done: hello Ada");
  });
});

test("every shape of a graph loads, and what does not load is named without keeping the others", async () => {
  const folder = join(temporaryFolder("foreign"), "shapes");
  await cp(join(PROJECTS, "shapes"), folder, { recursive: true });
  const { graphs } = JSON.parse(await readFile(join(folder, "langgraph.json"), "utf8")) as { graphs: Record<string, unknown> };
  /** Those that never load are not waited for, and the others as long as this machine takes. */
  const load = async (ids: string[], loadMs: number): Promise<unknown> => {
    const path = join(folder, `within-${loadMs}.json`);
    await writeFile(path, JSON.stringify({ graphs: Object.fromEntries(ids.map((id) => [id, graphs[id]])) }));
    const { stdout } = await run(process.execPath, [LOAD], { env: { PATH: process.env["PATH"], GRAPHS: path, LOAD_MS: String(loadMs) } });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  };
  const NEVER = ["endless", "hangs"];
  expect(await load(NEVER, 1_000)).toEqual({ endless: "error: it did not load within 1 s", hangs: "error: it did not come from its factory within 1 s" });
  const rest = Object.keys(graphs).filter((id) => !NEVER.includes(id));
  expect(await load(rest, 120_000)).toEqual({
    builder: "builder",
    promise: "promise",
    factory: "factory warm",
    lazy: "lazy",
    default: "default",
    commonjs: "commonjs",
    transpiled: "transpiled",
    elements: "elements here",
    // two packages whose path aliases have the same names
    one: "one one",
    two: "two two",
    throws: "error: TypeError: nothing works",
    syntax: expect.stringMatching(/^error: .*syntax\.ts:1:\d+: ERROR/s) as string,
    missing: expect.stringMatching(/no export "nothing"\. Exports: default, factory, lazy, promise\./) as string,
    text: expect.stringMatching(/is not a graph/) as string,
  });
});

describe("a langgraph.json", () => {
  async function load(text: string) {
    const { database } = await testDatabase();
    const configPath = join(temporaryFolder("config"), "langgraph.json");
    await writeFile(configPath, text);
    const project = await readLanggraphProject({ configPath, environment: {} });
    return loadGraphs({ project, checkpointer: new Checkpointer(database), store: new InMemoryStore() });
  }

  test.each([
    ["{ nope", "is not JSON"],
    ["[]", "shape of a langgraph.json"],
    ['{"graphs": {"a": 1}}', "graphs.a"],
    ["{}", 'graphs: names what is served, as in {"agent": "./agent.ts:graph"}'],
  ])("that reads %s says what is wrong", async (text, words) => {
    await expect(load(text)).rejects.toMatchObject({ code: "invalid_config", message: expect.stringContaining(words) as string });
  });

  test("that names what is not there is served without it", async () => {
    const graphs = await load('{"graphs": {"gone": "./gone.ts:graph", "python": "./agent.py:graph"}}');
    expect(graphs.runnable).toEqual([]);
    expect(graphs.find("gone")?.error).toContain("there is no file");
    expect(graphs.find("python")?.error).toContain("Python");
    await expect(graphs.compiled("gone")).rejects.toMatchObject({ code: "graph_load_failed" });
  });

  test("that is a folder says which file to name", async () => {
    const folder = temporaryFolder("config");
    const message = expect.stringContaining(`Set LANGGRAPH_JSON to ${join(folder, "langgraph.json")}`) as string;
    await expect(readLanggraphProject({ configPath: folder, environment: {} })).rejects.toMatchObject({ code: "invalid_config", message });
  });

  test("that names an env file which is not there says so", async () => {
    const configPath = join(temporaryFolder("config"), "langgraph.json");
    await writeFile(configPath, '{"graphs": {}, "env": ".env.local"}');
    const { ignored } = await readLanggraphProject({ configPath, environment: {} });
    expect(ignored).toEqual([expect.stringMatching(/^env \(there is no file .*\.env\.local\)$/)]);
  });

  test("whose packages are not installed says what to do", async () => {
    const { database } = await testDatabase();
    const folder = temporaryFolder("config");
    await writeFile(join(folder, "graph.mjs"), 'import nothing from "not-installed-here";\nexport const graph = nothing;\n');
    await writeFile(join(folder, "langgraph.json"), '{"graphs": {"a": "./graph.mjs:graph"}}');
    const project = await readLanggraphProject({ configPath: join(folder, "langgraph.json"), environment: {} });
    const graphs = await loadGraphs({ project, checkpointer: new Checkpointer(database), store: new InMemoryStore() });
    expect(graphs.find("a")?.error).toMatch(new RegExp(`not-installed-here.*npm install in ${folder}`, "s"));
  });

  test.each([
    ["0.2.74", ["old, too: LangGraph 0.2.74 "]],
    ["0.3.5", ["old, too: LangGraph 0.3.5 "]],
    ["0.3.6", []],
    ["0.4.0-rc.1", []],
    ["1.0.0", []],
  ])("whose LangGraph is %s is told once where questions cannot work", async (version, told) => {
    const { database } = await testDatabase();
    const folder = temporaryFolder("config");
    const copy = join(folder, "node_modules", "@langchain", "langgraph");
    await mkdir(copy, { recursive: true });
    await writeFile(join(copy, "package.json"), JSON.stringify({ name: "@langchain/langgraph", version }));
    await writeFile(join(folder, "graph.mjs"), "export const graph = () => {};\n");
    await writeFile(join(folder, "langgraph.json"), '{"graphs": {"old": "./graph.mjs:graph", "too": "./graph.mjs:graph"}}');
    const project = await readLanggraphProject({ configPath: join(folder, "langgraph.json"), environment: {} });
    const lines: string[] = [];
    const log = createLog("warn", { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
    await loadGraphs({ project, checkpointer: new Checkpointer(database), store: new InMemoryStore(), log });
    expect(lines.map((line) => line.split("(")[0])).toEqual(told);
  });
});
