/** Rules about tools that ask nobody by themselves: what the developer and the product owner call, on a real server with real files. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createProjects } from "#delivery/projects/projects.ts";
import type { EngineeringState } from "#graphs/engineering/state.ts";
import type { ApprovalAnswer, ApprovalChangeAnswer } from "#protocol/approvals.ts";
import type { LogEvent } from "#protocol/events/events.ts";
import { testDatabase, type TestDatabase } from "../helpers/database.ts";
import { ADD_TEST, RIGHT_ADD, finish, teamScript, write } from "../helpers/engineering-scripts.ts";
import { startModelEndpoint, type ModelEndpoint, type ModelReply, type ModelRequest, type ToolCallReply } from "../helpers/model-endpoint.ts";
import { startServer, type ServerProcess } from "../helpers/server.ts";
import { verifies } from "./verifies.ts";
import { until } from "./world.ts";

let database: TestDatabase;
let model: ModelEndpoint;
let server: ServerProcess;
let folder: string;
/** Calls of the developer's answers, in order; after them it finishes. */
let calls: ToolCallReply[][] = [];
/** Requests to the model before the newest order. */
let since = 0;

const BUILT = [write("src/add.js", RIGHT_ADD), write("test/add.test.js", ADD_TEST)];
const command = (text: string): ToolCallReply => ({ name: "execute_command", arguments: { command: text } });

const developer = teamScript(({ answered }): ModelReply => ({ toolCalls: calls[answered] ?? [finish()] }));

function script(request: ModelRequest): ModelReply {
  const offered = request.tools?.map((tool) => tool.function.name) ?? [];
  if (offered.includes("sort_message"))
    return {
      toolCalls: [{ name: "sort_message", arguments: { kind: "operate", language: "en", groups: ["projects"], clear: true, missing: [], deliver: "code" } }],
    };
  if (!offered.includes("list_projects")) return developer(request);
  const last = request.messages.at(-1);
  return last?.role === "tool" ? { text: `It says: ${last.content}` } : { toolCalls: [{ name: "mcp_tools_write", arguments: {} }] };
}

const start = (): Promise<ServerProcess> =>
  startServer({
    databaseUrl: database.url,
    dataDir: join(folder, "data"),
    environment: { OPENAI_BASE_URL: model.url, MODEL: "test", MCP_CONFIG: join(folder, ".mcp.json") },
  });

beforeAll(async () => {
  database = await testDatabase();
  model = await startModelEndpoint(script);
  folder = await mkdtemp(join(tmpdir(), "slipway-rules-"));
  const tools = { command: process.execPath, args: [fileURLToPath(new URL("../fixtures/mcp/server.mjs", import.meta.url))] };
  await writeFile(join(folder, ".mcp.json"), JSON.stringify({ mcpServers: { tools } }));
  server = await start();
});

afterEach(() => database.database.sql`delete from policies`);

afterAll(async () => {
  await server.stop();
  await model.close();
  await rm(folder, { recursive: true, force: true });
});

async function http<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect([answer.status, answer.ok ? "" : await answer.text()]).toEqual([200, ""]);
  return (await answer.json()) as T;
}

const rule = (wanted: Record<string, unknown>) => http("POST", "/policies", wanted);
const decide = (approval: ApprovalAnswer | undefined, decision: unknown) => http("POST", `/approvals/${approval?.id}/decision`, decision);
const questionsOn = async (thread: string, state = "pending") =>
  (await http<{ items: ApprovalAnswer[] }>("GET", `/approvals?state=${state}&kind=tool&thread_id=${thread}&limit=100`)).items.toSorted((one, other) =>
    JSON.stringify(one.args) < JSON.stringify(other.args) ? -1 : 1,
  );
const historyOf = ({ id }: ApprovalAnswer) => http<ApprovalChangeAnswer[]>("GET", `/approvals/${id}/history`);
const resting = (thread: string) =>
  until(
    () => server.client.threads.get(thread),
    ({ status }) => status !== "busy",
  );
const valuesOf = async (thread: string) => (await server.client.threads.getState<EngineeringState>(thread)).values;

/** An order whose plan is approved; the thread rests at whatever comes then. */
async function ordered(wanted: ToolCallReply[][]): Promise<string> {
  calls = wanted;
  since = model.requests.length;
  const project = await createProjects({ database: database.database, run: { owner: "local", threadId: randomUUID(), branch: "main" } }).create({
    call: randomUUID(),
    name: `adder ${randomUUID().slice(0, 8)}`,
    goal: "adds",
    stack: "node",
  });
  const { thread_id: thread } = await server.client.threads.create();
  const input = { project_id: project.id, project_name: project.name, stack: "node", request: "adds", language: "en" };
  await server.client.runs.wait(thread, "engineering", { input });
  await server.client.runs.wait(thread, "engineering", { command: { resume: { type: "approve" } } });
  return thread;
}

/** What the developer of the newest order read as results of its calls, once it read that many. */
const resultsOf = (least: number): string[] => {
  const read = model.requests.slice(since).map(({ messages }) => messages.flatMap(({ role, content }) => (role === "tool" ? [content ?? ""] : [])));
  return read.findLast((results) => results.length >= least) ?? [];
};

verifies("policies.tools", async () => {
  await rule({ name: "commands are asked about", pattern: "tool:execute_command:*", effect: "ask" });
  await rule({ name: "nothing is deleted", pattern: "tool:delete_file:*", effect: "deny" });
  const words = ["one", "two", "three", "four"];
  const thread = await ordered([
    [...BUILT, ...words.map((word) => command(`echo ${word} > ${word}.txt`)), { name: "delete_file", arguments: { path: "package.json" } }],
  ]);

  const questions = await questionsOn(thread);
  expect(questions.map(({ args }) => args)).toEqual(words.toSorted().map((word) => ({ command: `echo ${word} > ${word}.txt` })));
  for (const one of questions) {
    expect(one).toMatchObject({
      kind: "tool",
      action: "execute_command",
      risk: "low",
      on_expire: "reject",
      policy: { name: "commands are asked about", effect: "ask" },
    });
    expect(one.digest).toMatch(/^[0-9a-f]{64}$/u);
    const waits = new Date(one.expires_at ?? 0).getTime() - new Date(one.created_at).getTime();
    expect(Math.round(waits / 1_000)).toBe(300);
    expect(one.payload).toMatchObject({ review_configs: [{ allowed_decisions: ["approve", "edit", "reject", "respond"], args_schema: { type: "object" } }] });
  }
  const about = (word: string) => questions.find(({ args }) => String(args["command"]).includes(word));
  // nothing of the batch has been done, not what nobody is asked about either
  expect((await valuesOf(thread)).developer_messages.at(-1)).toMatchObject({ type: "ai" });

  await decide(about("one"), { type: "approve" });
  await resting(thread);
  expect(await questionsOn(thread)).toHaveLength(3);
  await server.stop("SIGKILL");
  server = await start();
  await decide(about("two"), { type: "edit", args: { command: "echo edited > two.txt" } });
  await resting(thread);
  await server.client.runs.wait(thread, "engineering", {
    command: {
      resume: {
        [about("three")?.interrupt_id ?? ""]: { type: "reject", message: "three is too many" },
        [about("four")?.interrupt_id ?? ""]: { type: "respond", message: "four is there already" },
      },
    },
  });
  const { result, branch, project_id: project } = await valuesOf(thread);
  expect(result).toMatchObject({ status: "green", rounds: 1 });
  expect(branch).toBeTruthy();
  expect(resultsOf(7)).toMatchObject([
    expect.any(String),
    expect.any(String),
    expect.stringContaining("Exit code 0"),
    expect.stringMatching(/changed the arguments of this call on purpose.*echo edited > two\.txt[^]*Exit code 0/u),
    expect.stringContaining("three is too many"),
    "four is there already",
    expect.stringContaining('Refused by the rule "nothing is deleted"'),
  ]);
  const tree = join(folder, "data", "projects", project);
  const git = (...args: string[]) => execFileSync("git", [`--git-dir=${join(tree, "repo.git")}`, ...args], { encoding: "utf8" });
  const files = git("ls-tree", "-r", "--name-only", result?.commit_sha ?? "")
    .trim()
    .split("\n");
  expect(files).toEqual(expect.arrayContaining(["one.txt", "two.txt", "package.json"]));
  expect(files).not.toContain("three.txt");
  expect(files).not.toContain("four.txt");
  expect(git("show", `${result?.commit_sha}:two.txt`)).toBe("edited\n");
  expect((await questionsOn(thread, "done")).map(({ decided_via: via }) => via).toSorted()).toEqual(["api", "api", "resume", "resume"]);
  const told = await until(
    () => http<{ items: LogEvent[] }>("GET", `/events/audit-log?thread_id=${thread}&limit=100`),
    ({ items }) => items.some(({ type }) => type === "approval.ruled"),
  );
  expect(told.items.filter(({ type }) => type === "approval.ruled")).toMatchObject([
    { data: { action: "delete_file", effect: "deny", policy: "nothing is deleted" } },
  ]);
  // people decided, and who reads the log sees why they were asked
  const decided = told.items.flatMap(({ type, data }) => (type === "approval.decided" && data["kind"] === "tool" ? [[data["rule"], data["policy"]]] : []));
  expect(decided).toEqual(words.map(() => ["commands are asked about", null]));
});

test("nobody answers, which is told before; and what was refused three times is not asked a fourth", async () => {
  await rule({ name: "quick", pattern: "tool:execute_command:echo slow", effect: "ask", timeout_seconds: 3_600, warn_seconds: 60 });
  await rule({ name: "commands", pattern: "tool:execute_command:*", effect: "ask" });
  const again = [command("echo again")];
  const thread = await ordered([[...BUILT, command("echo slow")], again, again, again, again]);
  const [slow] = await questionsOn(thread);
  const { sql } = database.database;
  const told = async () => (await historyOf(slow as ApprovalAnswer)).map(({ event }) => event);
  await sql`update approvals set warn_at = now() where id = ${slow?.id ?? ""}`;
  await until(told, (events) => events.includes("warned"));
  await sql`update approvals set expires_at = now() where id = ${slow?.id ?? ""}`;
  for (let time = 1; time <= 3; time += 1) {
    const [question] = await until(
      () => questionsOn(thread),
      (rows) => rows.some(({ args }) => args["command"] === "echo again"),
    );
    await decide(question, { type: "reject", message: `No, ${time}.` });
    await resting(thread);
  }
  const newest = () => resultsOf(7);
  await until(
    async () => newest(),
    (results) => results.length > 0,
  );
  expect(await told()).toEqual(["asked", "warned", "decided", "expired"]);
  expect(newest().slice(2)).toMatchObject([
    expect.stringContaining("Nobody answered in time"),
    expect.stringContaining("No, 1."),
    expect.stringContaining("No, 2."),
    expect.stringContaining("No, 3."),
    expect.stringContaining("was rejected 3 times"),
  ]);
});

test("a tool of an MCP server that may change something is asked about, unless a rule lets it pass; a state that says yes does not", async () => {
  const reach = [
    { name: "mcp_tools_add", arguments: { a: 1, b: 2 } },
    { name: "mcp_tools_write", arguments: {} },
  ];
  const thread = await ordered([[...BUILT, ...reach]]);
  const [question, ...more] = await questionsOn(thread);
  expect(more).toEqual([]);
  expect(question).toMatchObject({ action: "mcp_tools_write", risk: "medium", policy: { id: "builtin:everything" } });
  await server.client.threads.updateState(thread, { values: {}, asNode: "ask_tool" });
  await server.client.runs.wait(thread, "engineering", { input: null });
  const [repeated] = await questionsOn(thread);
  expect(repeated?.id).not.toBe(question?.id);
  expect(repeated?.description).toContain("asked again");
  await decide(repeated, { type: "approve" });
  expect((await resting(thread)).status).toBe("idle");
  const results = () => resultsOf(4).slice(2);
  expect(results()).toEqual(["3", "written"]);

  await rule({ name: "writing is fine", pattern: "tool:mcp_tools_write", effect: "allow", max_risk: "medium" });
  const free = await ordered([[...BUILT, ...reach]]);
  expect(await questionsOn(free)).toEqual([]);
  expect(results()).toEqual(["3", "written"]);
  const told = await until(
    () => http<{ items: LogEvent[] }>("GET", `/events/audit-log?thread_id=${free}&limit=100`),
    ({ items }) => items.some(({ type }) => type === "approval.ruled"),
  );
  expect(told.items.find(({ type }) => type === "approval.ruled")).toMatchObject({
    data: { action: "mcp_tools_write", effect: "allow", policy: "writing is fine" },
  });
});

test("the product owner asks in the conversation, and is refused there", async () => {
  const { thread_id: thread } = await server.client.threads.create();
  const say = () => server.client.runs.wait(thread, "product_owner", { input: { messages: [{ role: "user", content: "write it" }] } });
  const said = async () => (await server.client.threads.getState<{ messages: { type: string; content: string }[] }>(thread)).values.messages.at(-1)?.content;
  await say();
  const [question] = await questionsOn(thread);
  expect(question).toMatchObject({ action: "mcp_tools_write", policy: { id: "builtin:everything" } });
  await decide(question, { type: "approve" });
  await resting(thread);
  expect(await said()).toBe("It says: written");
  await rule({ name: "no writing", pattern: "tool:mcp_*:*", effect: "deny" });
  await say();
  expect(await questionsOn(thread)).toEqual([]);
  expect(await said()).toContain('Refused by the rule "no writing"');
});
