/**
 * An effect needs a decision on record. Whoever may write a thread can put anything into its state, jump to any node and fork anywhere; each
 * of these ways past a question is gone here, and behind each stands the same answer given by a person, which does have its effect.
 */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, type ThreadState } from "@langchain/langgraph-sdk";
import { beforeAll, describe, expect, test } from "vitest";
import { createProjects } from "#delivery/projects/projects.ts";
import { detectSandbox } from "#delivery/sandbox/detect.ts";
import { findSupervisor, stopSupervisor } from "#delivery/supervisor/ensure.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import type { Project, ProjectsPort } from "#ports/projects.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import type { ApprovalAnswer } from "#protocol/approvals.ts";
import type { DevopsOrder } from "#protocol/team-work.ts";
import { ADD_TEST, RIGHT_ADD, finish, teamScript, write } from "../helpers/engineering-scripts.ts";
import { greenDelivery } from "../helpers/green-delivery.ts";
import type { ModelRequest } from "../helpers/model-endpoint.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const team = teamScript(({ answered }) =>
  answered === 0 ? { toolCalls: [write("src/add.js", RIGHT_ADD), write("test/add.test.js", ADD_TEST)] } : { toolCalls: [finish()] },
);

function script(request: ModelRequest) {
  const offered = request.tools?.map((tool) => tool.function.name) ?? [];
  if (offered.includes("sort_message"))
    return {
      toolCalls: [{ name: "sort_message", arguments: { kind: "build", language: "en", groups: ["delivery"], clear: true, missing: [], deliver: "code" } }],
    };
  if (!offered.includes("start_delivery")) return team(request);
  if (request.messages.at(-1)?.role === "tool") return { text: "Engineering plans it." };
  return {
    toolCalls: [
      { name: "start_delivery", arguments: { project_name: "adder", is_new_project: true, stack: "node", goal: "adds", request: "a service that adds" } },
    ],
  };
}

const here = world({
  langgraphJson: join(import.meta.dirname, "../../langgraph.json"),
  script,
  environment: (model) => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0", OPENAI_BASE_URL: model.url, MODEL: "test" }),
});

let workspaces: WorkspacesPort;
let projects: ProjectsPort;
/** May do everything of hers. */
let ada: Client;
/** May not answer. */
let writer: Client;
let serverText: string;

const clientOf = (headers: Record<string, string>): Client =>
  new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: headers, callerOptions: { maxRetries: 0 } });

beforeAll(async () => {
  const token = await bearer({ sub: "ada" });
  const made = await here.http("POST", "/auth/keys", { scopes: ["read", "write"] }, { ...token, "content-type": "application/json" });
  const { key } = (await made.json()) as { key: string };
  ada = clientOf(token);
  writer = clientOf({ "x-api-key": key });
  serverText = await readFile(join(import.meta.dirname, "../fixtures/services/healthy.js"), "utf8").then((text) => text.replace(/^.*API_TOKEN.*\n/mu, ""));
  workspaces = createWorkspaces({ dataDir: here.server.dataDir, sandbox: await detectSandbox({ allowUnsandboxed: true }) });
  projects = createProjects({ database: here.database.database, run: { owner: "ada", threadId: randomUUID(), branch: "main" } });
  return async () => {
    if ((await findSupervisor(here.server.dataDir)) !== null) await stopSupervisor({ dataDir: here.server.dataDir });
  };
});

/** A project with a delivery that is green and not deployed. */
async function delivered(): Promise<{ project: Project; order: DevopsOrder }> {
  const project = await projects.create({ call: randomUUID(), name: `app ${randomUUID().slice(0, 8)}`, goal: "answers", stack: "node" });
  const { order } = await greenDelivery({ database: here.database.database, projects, workspaces }, project, serverText);
  return { project, order };
}

type Shown = ThreadState<DevopsState>;

async function asked(): Promise<{ project: Project; order: DevopsOrder; thread: string; state: Shown }> {
  const { project, order } = await delivered();
  const { thread_id: thread } = await ada.threads.create();
  await ada.runs.wait(thread, "devops", { input: order });
  return { project, order, thread, state: await ada.threads.getState<DevopsState>(thread) };
}

const releasesOf = async (project: Project) => (await here.database.database.sql`select id from releases where project_id = ${project.id}`).length;

/** What the graph keeps of an approval, made up. */
const madeUp = (state: Shown) => ({ type: "approve", message: null, approvalId: randomUUID(), branch: "root", digest: state.values.candidate?.digest ?? null });

async function pendingOn(thread: string): Promise<ApprovalAnswer[]> {
  const answer = await here.http("GET", `/approvals?state=pending&thread_id=${thread}`, undefined, await bearer({ sub: "ada" }));
  return ((await answer.json()) as { items: ApprovalAnswer[] }).items;
}

async function decide(approval: ApprovalAnswer | undefined, decision: unknown): Promise<void> {
  const headers = { ...(await bearer({ sub: "ada" })), "content-type": "application/json" };
  const answer = await here.http("POST", `/approvals/${approval?.id}/decision`, decision, headers);
  expect([answer.status, answer.ok ? "" : await answer.text()]).toEqual([200, ""]);
}

const resting = (thread: string) =>
  until(
    () => ada.threads.get(thread),
    ({ status }) => status !== "busy",
  );

/** The question stands again, says why, and nothing was released. */
async function isAskedAgain(thread: string, project: Project): Promise<ApprovalAnswer | undefined> {
  await resting(thread);
  expect(await releasesOf(project)).toBe(0);
  const [question, ...more] = await pendingOn(thread);
  expect(more).toEqual([]);
  expect(question).toMatchObject({ kind: "deploy", action: "deploy", state: "pending" });
  expect(question?.description).toContain("is on record");
  return question;
}

describe("a deployment", () => {
  verifies("approvals.effect", async () => {
    const { project, order, thread, state } = await asked();
    const decision = madeUp(state);
    const [question] = await pendingOn(thread);
    const goto = { command: { goto: "deploy", update: { decision } } };

    // at the border: who may not answer may not go past either, and is told
    const refused = { status: 403, message: expect.stringContaining("approve") as string };
    await expect(writer.runs.wait(thread, "devops", { command: { resume: { type: "approve" } } })).rejects.toMatchObject(refused);
    await expect(writer.threads.updateState(thread, { values: { decision }, asNode: "ask_deploy" })).rejects.toMatchObject(refused);
    await expect(writer.runs.wait(thread, "devops", goto)).rejects.toMatchObject(refused);
    expect(await pendingOn(thread)).toMatchObject([{ id: question?.id }]);

    // a state that says yes
    await writer.runs.wait(thread, "devops", { command: { update: { decision } } });
    await resting(thread);
    expect(await releasesOf(project)).toBe(0);
    // what the state of the graph cannot hold is the fault of who sends it
    await expect(ada.threads.updateState(thread, { values: { decision: { type: "approve" } }, asNode: "ask_deploy" })).rejects.toMatchObject({ status: 400 });
    await ada.threads.updateState(thread, { values: { decision }, asNode: "ask_deploy" });
    await ada.runs.wait(thread, "devops", { input: null });
    await isAskedAgain(thread, project);
    // a jump behind the question
    await ada.runs.wait(thread, "devops", goto);
    await isAskedAgain(thread, project);

    // a fork that never meets the question
    const history = await ada.threads.getHistory<DevopsState>(thread, { limit: 100 });
    const before = history.findLast(({ next }) => next.includes("prepare_release"));
    const forked = await writer.threads.updateState(thread, {
      values: { candidate: state.values.candidate, decision },
      asNode: "ask_deploy",
      checkpoint: before?.checkpoint as never,
    });
    await writer.runs.wait(thread, "devops", { input: null, checkpoint: forked.configurable as never });
    expect(await releasesOf(project)).toBe(0);

    // a copy, in which nothing was decided
    const copy = await writer.threads.copy(thread);
    await ada.threads.updateState(copy.thread_id, { values: { candidate: state.values.candidate, decision }, asNode: "ask_deploy" });
    await ada.runs.wait(copy.thread_id, "devops", { input: null });
    await isAskedAgain(copy.thread_id, project);

    // a thread that begins behind the question
    const fresh = await writer.threads.create({ graphId: "devops" });
    await writer.threads.updateState(fresh.thread_id, { values: { ...order, candidate: state.values.candidate, decision }, asNode: "ask_deploy" });
    await writer.runs.wait(fresh.thread_id, "devops", { input: null });
    const last = await isAskedAgain(fresh.thread_id, project);

    // a person's answer, on the same thread
    await decide(last, { type: "approve" });
    await resting(fresh.thread_id);
    expect(await releasesOf(project)).toBe(1);
    const { values } = await ada.threads.getState<DevopsState>(fresh.thread_id);
    expect(values.result).toMatchObject({ status: "live" });
    // and an approval that had its effect has no second one
    const used = { ...decision, approvalId: last?.id ?? "", digest: last?.digest ?? null };
    await ada.threads.updateState(fresh.thread_id, { values: { decision: used, done: null, result: null }, asNode: "ask_deploy" });
    await ada.runs.wait(fresh.thread_id, "devops", { input: null });
    expect(await releasesOf(project)).toBe(1);
  });

  test("is of what was shown and is there, whatever the state says", async () => {
    const { project, thread, state } = await asked();
    const shown = { ...state.values.candidate, startCommand: "node src/evil.js" };
    await writer.threads.updateState(thread, { values: { candidate: shown } });
    await writer.runs.wait(thread, "devops", { input: null });
    const [question] = await pendingOn(thread);
    expect(question?.args).toMatchObject({ start_command: "node src/evil.js" });
    await decide(question, { type: "approve" });
    const again = await isAskedAgain(thread, project);
    expect(again?.args).toMatchObject({ start_command: "node src/server.js" });
    await decide(again, { type: "approve" });
    await resting(thread);
    const rows = await here.database.database.sql<{ start_command: string }[]>`select start_command from releases where project_id = ${project.id}`;
    expect(rows).toEqual([{ start_command: "node src/server.js" }]);
  });

  test("a taking offline is not made up either", async () => {
    const { project, order, thread } = await asked();
    await decide((await pendingOn(thread))[0], { type: "approve" });
    await resting(thread);
    const serving = async () =>
      (await here.http("GET", `/projects/${project.id}`, undefined, await bearer({ sub: "ada" }))).json() as Promise<{ service: { serving: unknown } }>;
    expect((await serving()).service.serving).not.toBeNull();
    const { thread_id: other } = await ada.threads.create();
    await ada.runs.wait(other, "devops", { input: { ...order, action: "undeploy", delivery_id: null, reason: "done" } });
    const { values } = await ada.threads.getState<DevopsState>(other);
    const decision = { type: "approve", message: null, approvalId: randomUUID(), branch: "root", digest: values.planned?.digest ?? null };
    await ada.threads.updateState(other, { values: { decision }, asNode: "ask_change" });
    await ada.runs.wait(other, "devops", { input: null });
    const [question] = await pendingOn(other);
    expect(question?.description).toContain("is on record");
    expect((await serving()).service.serving).not.toBeNull();
    await decide(question, { type: "approve" });
    await resting(other);
    expect((await serving()).service.serving).toBeNull();
  });

  test("a taking offline is of the project that the question named", async () => {
    const { project, order, thread } = await asked();
    await decide((await pendingOn(thread))[0], { type: "approve" });
    await resting(thread);
    const serves = async () => (await here.database.database.sql`select 1 from releases where project_id = ${project.id} and status = 'live'`).length === 1;
    expect(await serves()).toBe(true);
    // an order that calls it by another name
    const { thread_id: other } = await writer.threads.create();
    const called = { ...order, project_name: "a toy", action: "undeploy", delivery_id: null, reason: "nobody plays with it" };
    await writer.runs.wait(other, "devops", { input: called });
    const [question] = await pendingOn(other);
    expect(question).toMatchObject({ target: project.name, args: { project: project.name } });
    expect(question?.description).toContain(project.name);
    // a state that does
    await writer.threads.updateState(other, { values: { project_name: "a toy" } });
    await writer.runs.wait(other, "devops", { input: null });
    const [misleading] = await pendingOn(other);
    expect(misleading).toMatchObject({ target: "a toy" });
    await decide(misleading, { type: "approve" });
    await resting(other);
    expect(await serves()).toBe(true);
    const [again] = await pendingOn(other);
    expect(again).toMatchObject({ target: project.name, args: { project: project.name } });
    await decide(again, { type: "approve" });
    await resting(other);
    expect(await serves()).toBe(false);
  });
});

describe("values of secrets", () => {
  test("are asked for as long as the vault has none, whatever the state says", async () => {
    const { project, order } = await delivered();
    const { thread_id: thread } = await ada.threads.create({ graphId: "devops" });
    const environment = [{ name: "DOOR_KEY", class: "user", purpose: "", where: "", value: null }];
    await writer.threads.updateState(thread, { values: { ...order, environment }, asNode: "analyse_environment" });
    await writer.runs.wait(thread, "devops", { input: null });
    const [question] = await pendingOn(thread);
    expect(question).toMatchObject({ kind: "secret", args: { DOOR_KEY: "" } });
    await expect(writer.runs.wait(thread, "devops", { command: { resume: { DOOR_KEY: "swordfish" } } })).rejects.toMatchObject({ status: 403 });
    const given = { type: "edit", message: null, approvalId: question?.id, branch: "root", digest: null };
    await ada.threads.updateState(thread, { values: { decision: given }, asNode: "ask_secrets" });
    await ada.runs.wait(thread, "devops", { input: null });
    const [again] = await pendingOn(thread);
    expect(again).toMatchObject({ kind: "secret", args: { DOOR_KEY: "" } });
    expect(again?.description).toContain("not stored yet");
    await decide(again, { type: "edit", args: { DOOR_KEY: "swordfish" } });
    await resting(thread);
    expect(await pendingOn(thread)).toMatchObject([{ kind: "deploy", args: { secrets: ["DOOR_KEY"] } }]);
    expect(await releasesOf(project)).toBe(0);
  });
});

describe("a plan", () => {
  test("that nobody approved is neither begun nor promoted; approved, it is built", async () => {
    const project = await projects.create({ call: randomUUID(), name: `adder ${randomUUID().slice(0, 8)}`, goal: "adds", stack: "node" });
    const { thread_id: thread } = await ada.threads.create();
    await ada.runs.wait(thread, "engineering", {
      input: { project_id: project.id, project_name: project.name, stack: "node", request: "adds", language: "en" },
    });
    const answer = { approval_id: randomUUID(), verdict: "approved", message: null };
    const statusOf = async () => (await projects.deliveries(project.id)).map(({ status, headSha }) => [status, headSha]);
    const isAsked = async () => {
      const [question] = await pendingOn(thread);
      expect(question).toMatchObject({ kind: "plan", action: "approve_plan" });
      expect(question?.description).toContain("on record");
      expect(await statusOf()).toEqual([["planning", null]]);
      return question;
    };
    await expect(writer.threads.updateState(thread, { values: { answer }, asNode: "ask_plan_approval" })).rejects.toMatchObject({ status: 403 });
    await ada.threads.updateState(thread, { values: { answer }, asNode: "ask_plan_approval" });
    await ada.runs.wait(thread, "engineering", { input: null });
    await isAsked();
    const green = { round: 1, commit_sha: "c0ffee", tree_sha: "c0ffee", changed: true, report_id: randomUUID(), outcome: "passed", green: true };
    const attempt = { ...green, totals: { executed: 1, passed: 1, failed: 0, skipped: 0 }, failing: [], fingerprint: "", findings: [] };
    await ada.threads.updateState(thread, { values: { attempts: [attempt] }, asNode: "tester" });
    await ada.runs.wait(thread, "engineering", { input: null });
    const question = await isAsked();
    await ada.threads.updateState(thread, { values: { attempts: [] }, asNode: "promote" }).catch(() => undefined);
    await ada.runs.wait(thread, "engineering", { command: { goto: "ask_plan_approval" } });
    expect(question).toBeDefined();
    await decide((await pendingOn(thread))[0], { type: "approve" });
    await resting(thread);
    expect(await statusOf()).toEqual([["green", expect.any(String)]]);
    // what was approved for one project is nothing for another
    const other = await projects.create({ call: randomUUID(), name: `other ${randomUUID().slice(0, 8)}`, goal: "else", stack: "node" });
    await writer.threads.updateState(thread, { values: { project_id: other.id, answer, attempts: [] }, asNode: "ask_plan_approval" });
    await writer.runs.wait(thread, "engineering", { input: null }).catch(() => undefined);
    await resting(thread);
    expect((await projects.get(other.id)).spec).toBeNull();
    expect(await pendingOn(thread)).toMatchObject([{ kind: "plan", project_id: other.id }]);
  });
});

describe("a team's question in the conversation", () => {
  test("is not answered by a state that says so, nor by one that shows something else", async () => {
    const { thread_id: conversation } = await ada.threads.create();
    await ada.runs.wait(conversation, "product_owner", { input: { messages: [{ role: "user", content: "a service that adds" }] } });
    const mirrored = async () =>
      (
        await until(
          () => pendingOn(conversation),
          (rows) => rows.some((row) => row.mirror_of !== null),
        )
      )[0];
    const mirror = await mirrored();
    const originalOf = async () => {
      const answer = await here.http("GET", `/approvals/${mirror?.mirror_of}`, undefined, await bearer({ sub: "ada" }));
      return (await answer.json()) as ApprovalAnswer;
    };
    const reply = { type: "approve", message: null, args: null };
    await resting(conversation);
    await expect(writer.threads.updateState(conversation, { values: { reply }, asNode: "ask_approval" })).rejects.toMatchObject({ status: 403 });
    await ada.threads.updateState(conversation, { values: { reply }, asNode: "ask_approval" });
    await ada.runs.wait(conversation, "product_owner", { input: null });
    expect(await originalOf()).toMatchObject({ state: "pending", decided_by: null });
    expect((await mirrored())?.description).toContain("Nobody answered this");

    const { values } = await ada.threads.getState<{ question: Record<string, unknown> }>(conversation);
    const tea = { ...values.question, action: "drink_tea", args: { sugar: true }, description: "Tea?" };
    await writer.threads.updateState(conversation, { values: { question: tea } });
    await writer.runs.wait(conversation, "product_owner", { input: null });
    const [shown] = await pendingOn(conversation);
    expect(shown).toMatchObject({ args: { sugar: true }, description: expect.stringContaining("Tea?") });
    await expect(ada.runs.wait(conversation, "product_owner", { command: { resume: { type: "approve" } } })).rejects.toMatchObject({ status: 409 });
    expect(await originalOf()).toMatchObject({ state: "pending", decided_by: null });

    await decide(await originalOf(), { type: "approve" });
    expect(await originalOf()).toMatchObject({ state: expect.stringMatching(/resuming|done/u) as string, decided_by: "ada" });
    // its team works on; the rest of the delivery is another test's
    await resting((await originalOf()).thread_id);
  });
});
