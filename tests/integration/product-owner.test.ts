import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { Command, MemorySaver, type CompiledStateGraph } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readConfig } from "#config";
import { isAppError } from "#errors";
import { PORTS_KEY } from "#graphs/context.ts";
import { productOwner } from "#graphs/product-owner/graph.ts";
import { Intent, Outcome, type ProductOwnerState } from "#graphs/product-owner/state.ts";
import { createModels } from "#models/create-models.ts";
import type { McpPort } from "#ports/mcp.ts";
import type { RunIdentity } from "#ports/run.ts";
import { approvalPayload, type ApprovalPayload } from "#protocol/approval-payload.ts";
import { createMemoryWorld, type MemoryWorld } from "../helpers/memory-ports.ts";
import { startModelEndpoint, type ModelEndpoint, type ModelReply, type ModelRequest } from "../helpers/model-endpoint.ts";

let endpoint: ModelEndpoint;
let world: MemoryWorld;
let graph: CompiledStateGraph<ProductOwnerState, Partial<ProductOwnerState>, string>;
let answer: (request: ModelRequest, call: number) => ModelReply;

const modelsAt = (url: string) => createModels({ config: readConfig({ OPENAI_BASE_URL: url, MODEL: "test" }), retryDelaysMs: [] });

beforeEach(async () => {
  endpoint = await startModelEndpoint((request, call) => answer(request, call));
  world = createMemoryWorld(modelsAt(endpoint.url));
  world.commits.add("c1");
  // the types of a compiled graph name every node; the tests only use its state
  graph = productOwner.compile({ checkpointer: new MemorySaver() }) as unknown as typeof graph;
});
afterEach(() => endpoint.close());

const configOf = (run?: Partial<RunIdentity>) => ({ configurable: { thread_id: "parent", [PORTS_KEY]: world.ports(run) } });
const say = (text: string) =>
  graph.invoke({ messages: [new HumanMessage(text)] }, configOf()) as Promise<ProductOwnerState & { __interrupt__?: { id: string; value: ApprovalPayload }[] }>;
const wake = (outcome: Outcome) => graph.invoke({ outcome }, configOf()) as ReturnType<typeof say>;
const resume = (id: string, reply: unknown) => graph.invoke(new Command({ resume: { [id]: reply } }), configOf()) as ReturnType<typeof say>;

const intent = (wanted: Partial<Intent> = {}): ModelReply => ({
  toolCalls: [
    { name: "sort_message", arguments: { kind: "build", language: "en", groups: ["delivery"], clear: true, missing: [], deliver: "service", ...wanted } },
  ],
});
const isSorting = (request: ModelRequest) => request.tools?.[0]?.function.name === "sort_message";
const start = (name = "polls"): ModelReply => ({
  toolCalls: [{ name: "start_delivery", arguments: { project_name: name, is_new_project: true, stack: "node", goal: "polls", request: "a poll service" } }],
});
const lastRole = (request: ModelRequest) => request.messages.at(-1)?.role;
const last = (messages: readonly BaseMessage[]) => messages.at(-1)?.text ?? "";
const toolTexts = (messages: readonly BaseMessage[]) => messages.filter((message) => ToolMessage.isInstance(message)).map((message) => message.text);

/** A model that starts a delivery and then says so; status questions are answered from the tool. */
const deliver =
  (wanted: Partial<Intent> = {}) =>
  (request: ModelRequest): ModelReply => {
    const newest = request.messages.findLast((message) => message.role === "user")?.content ?? "";
    if (isSorting(request)) return newest.endsWith("how is it?") ? intent({ kind: "status" }) : intent(wanted);
    if (lastRole(request) === "tool") return { text: newest === "how is it?" ? "They wait for you." : "The team plans it now." };
    return newest === "how is it?" ? { toolCalls: [{ name: "delivery_status", arguments: {} }] } : start();
  };

const planOf = (threadId: string) =>
  approvalPayload({
    kind: "plan",
    action: "approve_plan",
    args: { goal: "polls" },
    description: "### The plan",
    allowed: ["approve", "edit", "reject"],
    risk: "low",
    digest: null,
    identity: { threadId, branch: "main", occasion: "1" },
  });

const theWork = (team: "engineering" | "devops" = "engineering") => {
  const work = [...world.works.values()].find((one) => one.team === team);
  if (work === undefined) throw new Error(`no ${team} work`);
  return work;
};
const outcomeOf = (status: Outcome["status"], result: unknown = null, team: "engineering" | "devops" = "engineering"): Outcome => {
  const { call, threadId } = theWork(team);
  return { call, team, threadId, status, result, error: null };
};
const green = () => {
  const { projectId, threadId } = theWork();
  return {
    status: "green",
    project_id: projectId,
    delivery_id: threadId,
    commit_sha: "c1",
    report_id: "r1",
    tests: { executed: 7, passed: 7, failed: 0 },
    rounds: 2,
    start_command: "node server.js",
    health_path: "/health",
    summary: "",
  };
};

describe("a request, from the sentence to the address", () => {
  test("news of a green commit that engineering did not write down leaves the main branch alone", async () => {
    answer = deliver();
    await say("build me a poll service");
    await wake(outcomeOf("done", green()));
    expect(world.main).toBeNull();
  });

  test("is handed to engineering, asked about here, answered here, deployed by itself, and told", async () => {
    answer = deliver();
    const begun = await say("build me a poll service");
    expect(last(begun.messages)).toBe("The team plans it now.");
    expect(begun.__interrupt__).toBeUndefined();
    expect(theWork().input).toMatchObject({ project_name: "polls", language: "en", request: "a poll service", stack: "node" });

    const approval = world.pause(theWork().call, planOf(theWork().threadId));
    const asked = await wake(outcomeOf("waiting"));
    expect(last(asked.messages)).toBe("### The plan");
    const shown = asked.__interrupt__?.[0];
    expect(shown?.value).toMatchObject({
      description: "### The plan",
      action_request: { action: "approve_plan", args: { goal: "polls" } },
      x: { kind: "plan", mirror_of: approval.id },
    });
    expect(shown?.value.review_configs[0]?.allowed_decisions).toEqual(["approve", "edit", "reject"]);

    const chatted = await say("how is it?");
    expect(last(chatted.messages)).toBe("They wait for you.");
    expect(toolTexts(chatted.messages).at(-1)).toContain("waiting for the person's decision");
    const mirrored = chatted.__interrupt__?.[0];
    expect(mirrored?.value.x.mirror_of).toBe(approval.id);
    expect(mirrored?.value.x.approval_id).not.toBe(shown?.value.x.approval_id);

    const unread = await resume(mirrored?.id ?? "", { type: "maybe" });
    expect(unread.__interrupt__?.[0]?.value.description).toContain("Accepted here");
    expect(approval.state).toBe("pending");

    const decided = await resume(unread.__interrupt__?.[0]?.id ?? "", { decisions: [{ type: "approve" }] });
    expect(approval).toMatchObject({ state: "done", decision: { type: "approve" } });
    expect(decided.__interrupt__).toBeUndefined();
    expect(last(decided.messages)).toBe("Approved. The team goes on.");

    const built = theWork();
    await world.ports().projects.saveDelivery({ id: built.threadId, projectId: built.projectId ?? "", status: "green", headSha: "c1", reportId: "r1" });
    const told = await wake(outcomeOf("done", green()));
    expect(last(told.messages)).toContain("**polls** is built and its tests pass (7/7), after 2 rounds.");
    expect(world.main).toBe("c1");
    expect(theWork("devops").input).toMatchObject({ action: "deploy", delivery_id: theWork().threadId, project_name: "polls" });

    const live = {
      status: "live",
      project_id: theWork().projectId,
      release_id: "x",
      release_number: 1,
      url: "http://polls.localhost:2080",
      direct_url: "http://127.0.0.1:40001",
      summary: "",
    };
    const done = await wake(outcomeOf("done", live, "devops"));
    expect(last(done.messages)).toBe("**polls** is deployed: http://polls.localhost:2080 (http://127.0.0.1:40001)");
    expect(done.works[theWork("devops").call]).toMatchObject({ status: "done" });
    expect(new Set(done.messages.map((message) => message.id)).size).toBe(done.messages.length);
  });

  test("code only is not deployed", async () => {
    answer = deliver({ deliver: "code" });
    await say("write me a library, do not deploy it");
    const told = await wake(outcomeOf("done", green()));
    expect(last(told.messages)).toContain("nothing is deployed");
    expect([...world.works.values()].map((work) => work.team)).toEqual(["engineering"]);
  });

  test("the news come in the person's language; another than ours is translated, unless a fact gets lost", async () => {
    answer = deliver({ language: "ru" });
    await say("сделай сервис опросов");
    expect(last((await wake(outcomeOf("done", green()))).messages)).toContain("**polls** готов, тесты проходят (7/7), за 2 круга");
    let lie = false;
    answer = (request) => {
      if (isSorting(request)) return intent({ kind: "chat", language: "de" });
      if (!String(request.messages[0]?.content).startsWith("Translate")) return { text: "Hallo!" };
      return { text: lie ? "Alles fertig" : "**polls** ist fertig, http://polls.localhost:2080 (http://127.0.0.1:40001)" };
    };
    await say("hallo");
    const live = {
      status: "live",
      project_id: theWork().projectId,
      release_id: "x",
      release_number: 1,
      url: "http://polls.localhost:2080",
      direct_url: "http://127.0.0.1:40001",
      summary: "",
    };
    expect(last((await wake(outcomeOf("done", live, "devops"))).messages)).toContain("ist fertig");
    lie = true;
    expect(last((await wake(outcomeOf("done", live, "devops"))).messages)).toContain("is deployed: http://polls.localhost:2080");
  });

  test("failures are told with their reason, and the delivery is closed", async () => {
    answer = deliver();
    await say("build me a poll service");
    const { threadId, projectId } = theWork();
    await world.ports().projects.saveDelivery({ id: threadId, projectId: projectId ?? "", status: "building" });
    const told = await wake({ ...outcomeOf("failed"), error: "the disk is full" });
    expect(last(told.messages)).toContain("the disk is full");
    expect(world.deliveries.get(threadId)?.status).toBe("failed");
  });
});

describe("wake-ups", () => {
  test("an unknown call is ignored, a decided question only looked up, and neither calls a model", async () => {
    answer = deliver();
    await say("build me a poll service");
    const calls = endpoint.requests.length;
    const { messages } = await wake({ ...outcomeOf("done", green()), call: "somebody else's" });
    expect(last(messages)).toBe("The team plans it now.");
    world.pause(theWork().call, planOf(theWork().threadId));
    const asked = await wake(outcomeOf("decided"));
    expect(asked.__interrupt__).toHaveLength(1);
    for (const approval of world.approvals.values()) approval.state = "done";
    expect((await wake(outcomeOf("decided"))).__interrupt__).toBeUndefined();
    expect(endpoint.requests.length).toBe(calls);
  });

  test("a pause that was answered before the news arrived is not told", async () => {
    answer = deliver();
    const { messages: before } = await say("build me a poll service");
    const { messages } = await wake(outcomeOf("waiting"));
    expect(messages).toHaveLength(before.length);
  });

  test("an answer that came too late is no error", async () => {
    answer = deliver();
    await say("build me a poll service");
    const approval = world.pause(theWork().call, planOf(theWork().threadId));
    const asked = await wake(outcomeOf("waiting"));
    approval.state = "done";
    const late = await resume(asked.__interrupt__?.[0]?.id ?? "", { type: "approve" });
    expect(late.__interrupt__).toBeUndefined();
    expect(approval.decision).toBeNull();
  });

  test("values of a secret that did not go through the store are dropped", async () => {
    answer = deliver();
    await say("build me a poll service");
    const projectId = theWork().projectId ?? "";
    const secret = approvalPayload({
      kind: "secret",
      action: "provide_secrets",
      args: { API_KEY: "" },
      description: "needs",
      allowed: ["edit", "reject"],
      risk: "medium",
      digest: null,
      projectId,
      identity: { threadId: theWork().threadId, branch: "main", occasion: "1" },
    });
    const approval = world.pause(theWork().call, secret);
    const asked = await wake(outcomeOf("waiting"));
    expect(asked.__interrupt__?.[0]?.value.x.project_id).toBe(projectId);
    const again = await resume(asked.__interrupt__?.[0]?.id ?? "", { API_KEY: "hunter2" });
    expect(approval.state).toBe("pending");
    expect(JSON.stringify(again)).not.toContain("hunter2");
    await resume(again.__interrupt__?.[0]?.id ?? "", { type: "edit", args: { API_KEY: "secret://polls/API_KEY@1" } });
    expect(approval.decision).toMatchObject({ type: "edit", args: { API_KEY: "secret://polls/API_KEY@1" } });
  });
});

describe("a worker that dies right after an effect", () => {
  const dieOnce = <Args extends unknown[], Result>(effect: (...args: Args) => Promise<Result>) => {
    let dead = false;
    return async (...args: Args): Promise<Result> => {
      const result = await effect(...args);
      if (dead) return result;
      dead = true;
      throw new Error("killed");
    };
  };

  test("starts one team, decides once and says so once", async () => {
    answer = deliver();
    const ports = world.ports();
    const deadly = {
      ...ports,
      teams: { ...ports.teams, start: dieOnce(ports.teams.start) },
      approvals: { ...ports.approvals, decideForTeam: dieOnce(ports.approvals.decideForTeam) },
    };
    const config = { configurable: { thread_id: "parent", [PORTS_KEY]: deadly } };
    await expect(graph.invoke({ messages: [new HumanMessage("build me a poll service")] }, config)).rejects.toThrow("killed");
    await graph.invoke(null, config);
    expect(world.works.size).toBe(1);
    const approval = world.pause(theWork().call, planOf(theWork().threadId));
    const asked = await wake(outcomeOf("waiting"));
    await expect(graph.invoke(new Command({ resume: { [asked.__interrupt__?.[0]?.id ?? ""]: true } }), config)).rejects.toThrow("killed");
    const ended = (await graph.invoke(null, config)) as typeof asked;
    expect(approval.state).toBe("done");
    expect(ended.messages.filter((message) => message.text === "Approved. The team goes on.")).toHaveLength(1);
  });
});

describe("what the model may not do", () => {
  test("start anything while the request is unclear or refused, even when it tries", async () => {
    for (const wanted of [
      { clear: false, missing: ["what for"] },
      { kind: "refuse" as const, groups: ["delivery" as const] },
    ]) {
      answer = (request) => (isSorting(request) ? intent(wanted) : lastRole(request) === "tool" ? { text: "What is it for?" } : { ...start(), text: "" });
      const { messages } = await say("make something");
      expect(world.works.size).toBe(0);
      expect(messages.length).toBeGreaterThan(1);
    }
    const offered = endpoint.requests.filter((request) => !isSorting(request)).flatMap((request) => request.tools?.map((tool) => tool.function.name) ?? []);
    expect(offered).not.toContain("start_delivery");
  });

  test("start the same project twice", async () => {
    answer = (request) =>
      isSorting(request)
        ? intent()
        : lastRole(request) === "tool"
          ? { text: "ok" }
          : { toolCalls: [...(start().toolCalls ?? []), ...(start().toolCalls ?? [])] };
    const { messages } = await say("build me a poll service");
    expect(world.works.size).toBe(1);
    expect(toolTexts(messages)[1]).toContain("already at work");
  });

  test("reuse a call id, and so the effect of an earlier call", async () => {
    let name = "polls";
    answer = (request) =>
      isSorting(request)
        ? intent()
        : lastRole(request) === "tool"
          ? { text: "ok" }
          : { toolCalls: [{ ...start(name).toolCalls?.[0], name: "start_delivery", arguments: start(name).toolCalls?.[0]?.arguments ?? {}, id: "call_0" }] };
    await say("build me a poll service");
    name = "notes";
    await say("and a note service");
    expect([...world.works.values()].map((work) => work.input["project_name"])).toEqual(["polls", "notes"]);
  });

  test("loop for ever", async () => {
    answer = (request) =>
      isSorting(request)
        ? intent({ kind: "status" })
        : (request.tools?.length ?? 0) > 0
          ? { toolCalls: [{ name: "delivery_status", arguments: {} }] }
          : { text: "enough" };
    const { messages } = await say("how is it?");
    expect(last(messages)).toBe("enough");
    expect(endpoint.requests.length).toBeLessThan(12);
  });

  test("stop the turn with broken arguments, unknown tools or nothing at all", async () => {
    const replies: ModelReply[] = [
      { toolCalls: [{ name: "start_delivery", arguments: "{not json" }] },
      { toolCalls: [{ name: "start_delivery", arguments: { project_name: "" } }] },
      { toolCalls: [{ name: "launch_rocket", arguments: {} }] },
      { text: "" },
    ];
    let turn = 0;
    answer = (request) => (isSorting(request) ? intent() : (replies[turn++] ?? { text: "?" }));
    const { messages } = await say("build it");
    expect(toolTexts(messages)).toEqual([
      expect.stringContaining("no JSON"),
      expect.stringContaining("schema"),
      expect.stringContaining('no tool "launch_rocket"'),
    ]);
    expect(last(messages)).toContain("other words");
    expect(world.works.size).toBe(0);
  });

  test("break the sorting: then the message is answered without any effect", async () => {
    answer = (request) => (isSorting(request) ? { text: "I would rather chat" } : { text: "What shall it do?" });
    const { messages, tools } = await say("построй что-нибудь");
    expect(last(messages)).toBe("What shall it do?");
    expect(tools).not.toContain("start_delivery");
  });
});

describe("without a model that answers", () => {
  test("no model at all: the chat says what to set and what works without, and the next message works again", async () => {
    const models = createModels({ config: readConfig({}) });
    const replay = createMemoryWorld({ mode: "replay", chat: (role) => models.chat(role), sampleRequests: () => ["Build a poll service"] });
    const config = { configurable: { thread_id: "parent", [PORTS_KEY]: replay.ports() } };
    for (const [text, told] of [
      ["something no recording holds", "No language model is configured"],
      ["такого в записях нет", "Языковая модель не настроена"],
    ] as const) {
      const { messages } = (await graph.invoke({ messages: [new HumanMessage(text)] }, config)) as Awaited<ReturnType<typeof say>>;
      expect(last(messages)).toContain(told);
      expect(last(messages)).toContain("OPENAI_API_KEY");
      expect(last(messages)).toContain("- Build a poll service");
    }
    answer = () => ({ text: "hello" });
  });

  test.each([
    [401, "refused the key"],
    [500, "answered 500"],
  ])("an endpoint that answers %i is told in the chat, and nothing is lost", async (status, told) => {
    answer = (request) => (isSorting(request) ? { status, message: "no" } : { text: "hi" });
    const { messages } = await say("hello");
    expect(last(messages)).toContain(told);
    answer = (request) => (isSorting(request) ? intent({ kind: "chat", groups: [] }) : { text: "hi" });
    expect(last((await say("hello again")).messages)).toBe("hi");
  });

  test("an endpoint that breaks off in the middle of the work", async () => {
    answer = (request) => (isSorting(request) ? intent() : lastRole(request) === "tool" ? { status: 503, message: "overloaded" } : start());
    const { messages } = await say("build me a poll service");
    expect(last(messages)).toContain("answered 503");
    // where the team stands can be told without a model
    expect(last(messages)).toMatch(/- \*\*.+\*\*, engineering: working/);
    expect(world.works.size).toBe(1);
  });

  test("a miss in the middle of a recorded turn is the run's error", async () => {
    const models = createModels({ config: readConfig({}) });
    answer = () => intent();
    const live = modelsAt(endpoint.url);
    const half = createMemoryWorld({ mode: "replay", chat: (role) => (role === "intent" ? live : models).chat(role), sampleRequests: () => [] });
    const failure = await graph
      .invoke({ messages: [new HumanMessage("x")] }, { configurable: { thread_id: "parent", [PORTS_KEY]: half.ports() } })
      .catch((error: unknown) => error);
    expect(isAppError(failure) && failure.code).toBe("replay_miss");
  });
});

describe("for clients", () => {
  test("tokens of the answer stream, the sorting does not", async () => {
    answer = (request) => (isSorting(request) ? { ...intent({ kind: "chat", groups: [] }), text: "thinking aloud" } : { text: "one two three" });
    const chunks: string[] = [];
    for await (const [message] of await graph.stream({ messages: [new HumanMessage("hi")] }, { ...configOf(), streamMode: "messages" }))
      if (AIMessage.isInstance(message)) chunks.push(message.text);
    expect(chunks.join("")).toBe("one two three");
    expect(chunks.filter((chunk) => chunk !== "").length).toBeGreaterThan(1);
  });

  test("a turn that was cancelled between a call and its result can be gone on from", async () => {
    answer = (request) => (isSorting(request) ? intent({ kind: "chat", groups: [] }) : { text: "hi" });
    await graph.updateState(
      configOf(),
      { messages: [new HumanMessage("first"), new AIMessage({ content: "", tool_calls: [{ id: "call_9", name: "list_projects", args: {} }] })] },
      "work",
    );
    expect(last((await say("hello")).messages)).toBe("hi");
    const sent = endpoint.requests.at(-1)?.messages.map((message) => message.role);
    expect(sent).toEqual(["system", "user", "assistant", "tool", "user"]);
  });

  test("without Slipway's ports the graph draws and says what it needs", async () => {
    expect((await graph.getGraphAsync()).drawMermaid()).toContain("parse_intent");
    const failure = await graph.invoke({ messages: [new HumanMessage("hi")] }, { configurable: { thread_id: "alone" } }).catch((error: unknown) => error);
    expect(isAppError(failure) && failure.code).toBe("ports_missing");
  });

  test("what models read has no ids, addresses of machines or times in it", async () => {
    answer = deliver();
    await say("build me a poll service");
    world.pause(theWork().call, planOf(theWork().threadId));
    await wake(outcomeOf("waiting"));
    await say("how is it?");
    const read = JSON.stringify(endpoint.requests.map((request) => request.messages.map((message) => message.content)));
    expect(read).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|127\.0\.0\.1|\/tmp|20\d\d-\d\d/u);
  });
});

describe("tools of configured MCP servers", () => {
  const mcp: McpPort = {
    tools: async () => [
      { name: "mcp_weather_today", description: "Today's weather.", inputSchema: { type: "object", properties: { city: { type: "string" } } }, readOnly: true },
      { name: "mcp_weather_change", description: "Changes it.", inputSchema: { type: "object", properties: {} }, readOnly: false },
    ],
    call: async (name, args) => ({ text: `${name}(${JSON.stringify(args)})`, failed: false }),
  };
  const ask = (text: string) =>
    graph.invoke({ messages: [new HumanMessage(text)] }, { configurable: { thread_id: "parent", [PORTS_KEY]: { ...world.ports(), mcp } } }) as ReturnType<
      typeof say
    >;
  const offered: string[][] = [];
  const weather =
    (wanted: Partial<Intent>) =>
    (request: ModelRequest): ModelReply => {
      if (isSorting(request)) return intent(wanted);
      offered.push((request.tools ?? []).map((tool) => tool.function.name));
      return lastRole(request) === "tool" ? { text: "Rain." } : { toolCalls: [{ name: "mcp_weather_today", arguments: { city: "Bergen" } }] };
    };
  beforeEach(() => offered.splice(0));

  test("are offered beside our own and called", async () => {
    answer = weather({ kind: "ask", groups: [] });
    const { messages } = await ask("What is the weather in Bergen?");
    expect(toolTexts(messages)).toEqual(['mcp_weather_today({"city":"Bergen"})']);
    expect(last(messages)).toBe("Rain.");
    expect(offered[0]).toEqual(expect.arrayContaining(["mcp_weather_today", "mcp_weather_change"]));
  });

  test("that change something wait until the request is clear; a refused one gets none", async () => {
    answer = weather({ kind: "ask", groups: [], clear: false });
    await ask("Hm, the weather?");
    expect(offered[0]).toContain("mcp_weather_today");
    expect(offered[0]).not.toContain("mcp_weather_change");
    offered.splice(0);
    answer = (request) => weather({ kind: "refuse", groups: [] })({ ...request, messages: [...request.messages, { role: "tool", content: "" }] });
    await ask("Something bad");
    expect(offered.flat()).toEqual([]);
  });
});
