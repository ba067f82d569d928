import { Command, MemorySaver, type CompiledStateGraph } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readConfig } from "#config";
import { isAppError } from "#errors";
import { PORTS_KEY } from "#graphs/context.ts";
import { devops } from "#graphs/devops/graph.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { createModels } from "#models/create-models.ts";
import type { RunIdentity } from "#ports/run.ts";
import type { ApprovalPayload } from "#protocol/approval-payload.ts";
import type { DevopsOrder } from "#protocol/team-work.ts";
import { createMemoryWorld, type MemoryWorld } from "../helpers/memory-ports.ts";
import { startModelEndpoint, type ModelEndpoint, type ModelReply, type ModelRequest } from "../helpers/model-endpoint.ts";

let endpoint: ModelEndpoint;
let world: MemoryWorld;
let graph: CompiledStateGraph<DevopsState, Partial<DevopsState>, string>;
let answer: (request: ModelRequest) => ModelReply;
let order: DevopsOrder;

type Reached = DevopsState & { __interrupt__?: { id: string; value: ApprovalPayload }[] };

const configOf = (run?: Partial<RunIdentity>) => ({
  configurable: { thread_id: "child", [PORTS_KEY]: world.ports({ threadId: "child", graphId: "devops", ...run }) },
});
const run = (wanted: Partial<DevopsOrder> = {}) => graph.invoke({ ...order, ...wanted }, configOf()) as Promise<Reached>;
const resume = (reached: Reached, reply: unknown, by?: Partial<RunIdentity>) => {
  world.decided.note("child", questionOf(reached).value, reply);
  return graph.invoke(new Command({ resume: { [questionOf(reached).id]: reply } }), configOf(by)) as Promise<Reached>;
};

function questionOf(reached: Reached): { id: string; value: ApprovalPayload } {
  const question = reached.__interrupt__?.[0];
  if (question === undefined) throw new Error(`nothing was asked: ${JSON.stringify(reached.result)}`);
  return question;
}

const classified = (names: unknown[]): ModelReply => ({ toolCalls: [{ name: "classify_environment", arguments: { names } }] });

beforeEach(async () => {
  answer = () => ({ status: 500, message: "nobody should be asked" });
  endpoint = await startModelEndpoint((request) => answer(request));
  world = createMemoryWorld(createModels({ config: readConfig({ OPENAI_BASE_URL: endpoint.url, MODEL: "test" }), retryDelaysMs: [] }));
  // the types of a compiled graph name every node; the tests only use its state
  graph = devops.compile({ checkpointer: new MemorySaver() }) as unknown as typeof graph;
  order = await delivered("c1");
});
afterEach(() => endpoint.close());

/** A project with a green delivery at a commit. */
async function delivered(sha: string): Promise<DevopsOrder> {
  const { projects } = world.ports();
  const project = await projects.create({ call: "p", name: "polls", goal: "polls", stack: "node" });
  await projects.saveSpec(project.id, {
    goal: "polls",
    stack: "node",
    acceptanceCriteria: [],
    testCommand: "node --test",
    startCommand: "node src/server.js",
    healthPath: "/health",
  });
  const reportId = `report-${sha}`;
  world.reports.set(reportId, {
    id: reportId,
    projectId: project.id,
    deliveryId: null,
    commitSha: sha,
    command: "node --test",
    outcome: "passed",
    exitCode: 0,
    cases: [],
    findings: [],
    totals: { executed: 7, passed: 7, failed: 0, skipped: 0 },
    green: true,
    digest: `tests of ${sha}`,
    durationMs: 1,
    logTail: "",
    sandbox: "namespaces",
  });
  const id = `00000000-0000-4000-8000-0000000000${sha}`;
  world.commits.add("base").add(sha);
  world.files = { "src/server.js": "listen(process.env.PORT ?? 3000, process.env.HOST)\n" };
  await projects.saveDelivery({ id, projectId: project.id, status: "green", baseSha: "base", headSha: sha, reportId, rounds: 2 });
  return { project_id: project.id, project_name: "polls", action: "deploy", delivery_id: id, reason: "", language: "en" };
}

describe("deploy", () => {
  test("asks with the evidence, deploys on approval, writes the rows and reports the address, without a model where names are plain", async () => {
    const asked = await run();
    const { value } = questionOf(asked);
    expect(value.x).toMatchObject({ kind: "deploy", risk: "high", action_digest: asked.candidate?.digest, project_id: order.project_id });
    expect(value.review_configs[0]?.allowed_decisions).toEqual(["approve", "reject"]);
    expect(value.description).toContain("7 of 7 passed");
    expect(value.description).toContain("+10 −2: `src/server.js`");
    expect(value.description).toContain("nothing runs yet");
    expect(world.deploys).toHaveLength(0);
    const { result } = await resume(asked, { decisions: [{ type: "approve" }] });
    expect(result).toMatchObject({ status: "live", release_number: 1, url: "http://polls.localhost:2080", direct_url: "http://127.0.0.1:40001" });
    expect(world.deploys[0]).toMatchObject({ commitSha: "c1", reportId: "report-c1", approvalId: value.x.approval_id, publicEnvironment: {}, secretNames: [] });
    expect(world.deliveries.get(order.delivery_id ?? "")).toMatchObject({ status: "deployed", releaseId: result?.release_id, rounds: 2 });
    expect(world.steps[0]).toMatchObject({
      node: "deploy",
      threadId: "child",
      commitSha: "c1",
      reportId: "report-c1",
      round: 2,
      checkpointId: expect.stringMatching(/./u),
    });
    expect(endpoint.requests).toHaveLength(0);
  });

  test("a refusal changes nothing", async () => {
    const { result } = await resume(await run(), { decisions: [{ type: "reject", message: "not on Friday" }] });
    expect(result).toMatchObject({ status: "rejected", url: null });
    expect(world.deploys).toHaveLength(0);
  });

  test("an unreadable answer is asked again, with what is accepted", async () => {
    const again = await resume(await run(), { type: "edit", args: { commit: "evil" } });
    expect(questionOf(again).value.description).toContain("Accepted here: approve, reject");
    expect((await resume(again, "yes")).result?.status).toBe("live");
  });

  test("a release that fails ends with what the health gate saw, and the one before goes on serving", async () => {
    await resume(await run(), true);
    order = await delivered("c2");
    world.nextDeploy = "failed";
    const asked = (await graph.invoke(order, { configurable: { ...configOf().configurable, thread_id: "second" } })) as Reached;
    expect(questionOf(asked).value.description).toContain("release 1 keeps serving");
    world.decided.note("child", questionOf(asked).value, true);
    const { result } = (await graph.invoke(new Command({ resume: { [questionOf(asked).id]: true } }), {
      configurable: { ...configOf().configurable, thread_id: "second" },
    })) as Reached;
    expect(result).toMatchObject({ status: "failed", url: "http://polls.localhost:2080" });
    expect(result?.summary).toContain("answer: answered 500");
    expect(result?.summary).toContain("Error: boom");
    expect(world.deliveries.get(order.delivery_id ?? "")?.status).toBe("green");
  });

  test("nothing without a green report for exactly this commit", async () => {
    const report = world.reports.get("report-c1");
    for (const wrong of [{ green: false }, { commitSha: "other" }, { projectId: "other" }]) {
      if (report !== undefined) world.reports.set("report-c1", { ...report, ...wrong });
      expect((await run()).result).toMatchObject({ status: "failed", summary: expect.stringContaining("no green test report") });
    }
    expect((await run({ delivery_id: "00000000-0000-4000-8000-000000000000" })).result).toMatchObject({ status: "failed" });
    expect(world.deploys).toHaveLength(0);
  });

  test("an order that is none is refused by name", async () => {
    const failure = await graph.invoke({ project_id: "x" }, configOf()).catch((error: unknown) => error);
    expect(isAppError(failure) && failure.code).toBe("invalid_request");
  });
});

describe("an approval holds for what was shown, and where it was given", () => {
  test("what moves in between is asked about again", async () => {
    const asked = await run();
    const { delivery_id: id } = order;
    await delivered("c2");
    world.deliveries.set(id ?? "", { ...world.deliveries.get("00000000-0000-4000-8000-0000000000c2")!, id: id ?? "" });
    const again = await resume(asked, true);
    expect(questionOf(again).value.description).toContain("no longer holds");
    expect(questionOf(again).value.action_request.args["commit"]).toBe("c2");
    expect(questionOf(again).value.x.approval_id).not.toBe(questionOf(asked).value.x.approval_id);
    expect(world.deploys).toHaveLength(0);
    await resume(again, true);
    expect(world.deploys.map((one) => one.commitSha)).toEqual(["c2"]);
  });

  test("a replay past the approval deploys nothing a second time; a fork past it asks again", async () => {
    await resume(await run(), true);
    const beforeEffect = await findCheckpoint("deploy");
    const replay = (await graph.invoke(null, { configurable: { ...beforeEffect, [PORTS_KEY]: world.ports({ threadId: "child" }) } })) as Reached;
    expect(replay.result?.status).toBe("live");
    expect(world.deploys).toHaveLength(1);
    const fork = (await graph.invoke(null, { configurable: { ...beforeEffect, [PORTS_KEY]: world.ports({ threadId: "child", branch: "fork" }) } })) as Reached;
    expect(questionOf(fork).value.description).toContain("another line of history");
    expect(questionOf(fork).value.x.branch).toBe("fork");
    expect(world.deploys).toHaveLength(1);
  });

  async function findCheckpoint(next: string): Promise<Record<string, unknown>> {
    for await (const state of graph.getStateHistory(configOf())) if (state.next.includes(next)) return state.config.configurable ?? {};
    throw new Error(`no checkpoint before ${next}`);
  }
});

describe("environment and secrets", () => {
  const secretive = () => {
    world.files = {
      "src/server.js":
        "const key = process.env.WEATHER_API_KEY;\nconst { JWT_SECRET, GREETING, PORT } = process.env;\nconst level = process.env.LOG_LEVEL || 'info';\n",
      "tests/server.test.js": "process.env.ONLY_IN_TESTS",
    };
    answer = () =>
      classified([
        { name: "WEATHER_API_KEY", class: "public", purpose: "asks the weather", where: "weather.example", value: "sk-made-up" },
        { name: "GREETING", class: "public", purpose: "greets", where: "", value: "Hello" },
        { name: "INVENTED", class: "user", purpose: "", where: "", value: null },
      ]);
  };

  test("generated ones are made, a person's are asked for by name, plain ones come with a value, and no model ever sees one", async () => {
    secretive();
    const asked = await run();
    const { value } = questionOf(asked);
    expect(value.x).toMatchObject({ kind: "secret", project_id: order.project_id });
    expect(value.action_request.args).toEqual({ WEATHER_API_KEY: "" });
    expect(value.description).toContain("`WEATHER_API_KEY`: asks the weather (weather.example)");
    expect(world.secrets.get(order.project_id)).toEqual(new Set(["JWT_SECRET"]));
    // what the runtime does: it stores the value and hands on a reference
    world.secrets.get(order.project_id)?.add("WEATHER_API_KEY");
    const evidence = await resume(asked, {
      decisions: [{ type: "edit", edited_action: { name: "provide_secrets", args: { WEATHER_API_KEY: "secret://polls/WEATHER_API_KEY@1" } } }],
    });
    const shown = questionOf(evidence).value;
    expect(shown.action_request.args).toMatchObject({ secrets: ["JWT_SECRET", "WEATHER_API_KEY"], configuration: { GREETING: "Hello" } });
    await resume(evidence, true);
    expect(world.deploys[0]).toMatchObject({ publicEnvironment: { GREETING: "Hello" }, secretNames: ["JWT_SECRET", "WEATHER_API_KEY"] });
    expect(endpoint.requests).toHaveLength(1);
    expect(JSON.stringify(endpoint.requests)).not.toMatch(/secret:\/\/|LOG_LEVEL|ONLY_IN_TESTS/u);
  });

  test("a value that did not go through the store is dropped and asked for again; so is one the store does not have", async () => {
    secretive();
    const asked = await run();
    const leaked = await resume(asked, { WEATHER_API_KEY: "hunter2" });
    expect(questionOf(leaked).value.description).toContain("did not go through the secret store");
    const missing = await resume(leaked, { WEATHER_API_KEY: "secret://polls/WEATHER_API_KEY@1" });
    expect(questionOf(missing).value.description).toContain("not stored yet");
    for await (const state of graph.getStateHistory(configOf())) expect(JSON.stringify(state.values)).not.toContain("hunter2");
    expect((await resume(missing, false)).result).toMatchObject({ status: "rejected" });
  });

  test("a model that cannot classify leaves the names to the person", async () => {
    secretive();
    answer = () => ({ text: "no idea" });
    expect(questionOf(await run()).value.action_request.args).toEqual({ GREETING: "", WEATHER_API_KEY: "" });
  });
});

describe("rollback and undeploy", () => {
  test("ask, act once, and report what serves then", async () => {
    await resume(await run(), true);
    order = await delivered("c2");
    const config = (thread_id: string) => ({ configurable: { ...configOf().configurable, thread_id } });
    const walk = async (thread: string, wanted: Partial<DevopsOrder>) => {
      const asked = (await graph.invoke({ ...order, ...wanted }, config(thread))) as Reached;
      world.decided.note("child", questionOf(asked).value, true);
      const ended = (await graph.invoke(new Command({ resume: { [questionOf(asked).id]: true } }), config(thread))) as Reached;
      return { asked: questionOf(asked).value, result: ended.result };
    };
    expect((await walk("2", {})).result).toMatchObject({ status: "live", release_number: 2 });
    const back = await walk("3", { action: "rollback", delivery_id: null, reason: "it is slow" });
    expect(back.asked).toMatchObject({
      x: { kind: "deploy", risk: "medium" },
      action_request: { action: "rollback", args: { serving_release: 2, target_release: 1 } },
    });
    expect(back.result).toMatchObject({ status: "rolled_back", release_number: 1, url: "http://polls.localhost:2080" });
    const off = await walk("4", { action: "undeploy", delivery_id: null, reason: "not needed" });
    expect(off.result).toMatchObject({ status: "undeployed", url: null });
    expect((await graph.invoke({ ...order, action: "undeploy", delivery_id: null }, config("5"))) as Reached).toMatchObject({
      result: { status: "failed", summary: "Nothing of this project is running." },
    });
  });

  test("without an earlier release there is nothing to go back to", async () => {
    expect((await run({ action: "rollback", delivery_id: null, reason: "x", language: "ru" })).result).toMatchObject({
      status: "failed",
      summary: "Более раннего выпуска нет.",
    });
  });
});

test("without Slipway's ports the graph draws and says what it needs", async () => {
  expect((await graph.getGraphAsync()).drawMermaid()).toContain("ask_deploy");
  const failure = await graph.invoke(order, { configurable: { thread_id: "alone" } }).catch((error: unknown) => error);
  expect(isAppError(failure) && failure.code).toBe("ports_missing");
});
