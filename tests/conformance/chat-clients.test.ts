import { Client } from "@langchain/langgraph-sdk";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { collect, fixture, until, world } from "./world.ts";

/** What agent-chat-ui and agent-inbox send, as their sources send it, where no other test does. Both are pages; these are their words. */
const here = world({
  langgraphJson: fixture("browser/graphs/langgraph.json"),
  environment: (model) => ({ MAILER_MODEL_URL: model.url }),
  script: ({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === "tool") return { text: `Done: ${last.content}` };
    if (JSON.stringify(last?.content).includes("mail ada")) return { text: "", toolCalls: [{ name: "send_mail", arguments: { to: "ada", text: "hi" } }] };
    return { text: "Hello to you too" };
  },
});

const page = () => new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: { origin: "http://localhost:3000" } });
const CHAT = { streamMode: ["values" as const, "messages-tuple" as const], streamSubgraphs: true, streamResumable: true, onDisconnect: "continue" as const };

interface Hitl {
  action_requests: { name: string; args: object; description?: string }[];
  review_configs: { action_name: string; allowed_decisions: string[] }[];
}

async function asked(graph: string, text: string): Promise<string> {
  const { thread_id } = await page().threads.create({ graphId: graph });
  await collect(page().runs.stream(thread_id, graph, { input: { messages: [{ type: "human", content: [{ type: "text", text }] }] }, ...CHAT }));
  return thread_id;
}

verifies("chat-ui.answer", async () => {
  // the hook sends an empty input and the checkpoint that it shows along with the answer
  const id = await asked("mailer", "mail ada");
  const [head] = await page().threads.getHistory(id, { limit: 10 });
  const { thread_id: _thread, ...checkpoint } = head?.checkpoint ?? { thread_id: "", checkpoint_ns: "" };
  const frames = await collect(
    page().runs.stream(id, "mailer", { input: {}, command: { resume: { decisions: [{ type: "approve" }] } }, checkpoint: checkpoint as never, ...CHAT }),
  );
  expect(frames.filter(({ event }) => event === "error")).toEqual([]);
  const { values, next } = await page().threads.getState<{ messages: { type: string; content: string }[] }>(id);
  expect([values.messages.map(({ type }) => type), values.messages.at(-1)?.content, next]).toEqual([
    ["human", "ai", "tool", "ai"],
    "Done: sent to ada: hi",
    [],
  ]);
});

verifies("chat-ui.resolve", async () => {
  const id = await asked("deploy", "x");
  const frames = await collect(page().runs.stream(id, "deploy", { input: {}, command: { goto: "__end__" }, ...CHAT }));
  expect(frames.filter(({ event }) => event === "error")).toEqual([]);
  // LangGraph asks again: goto adds to what is next and takes nothing away
  const [[question] = []] = Object.values((await page().threads.get(id)).interrupts);
  await collect(page().runs.stream(id, "deploy", { command: { resume: { [question?.id ?? ""]: { decisions: [{ type: "approve" }] } } }, ...CHAT }));
  expect((await page().threads.getState(id)).values).toMatchObject({ deployed: true });
});

verifies("chat-ui.list", async () => {
  const id = await asked("talk", "list me");
  const [assistant] = await page().assistants.search({ graphId: "talk" });
  for (const metadata of [{ graph_id: "talk" }, { assistant_id: assistant?.assistant_id }]) {
    const found = await page().threads.search({ metadata, limit: 100 });
    const thread = found.find(({ thread_id }) => thread_id === id);
    expect(thread?.values).toMatchObject({
      messages: [
        { type: "human", content: [{ type: "text", text: "list me" }] },
        { type: "ai", content: "Hello to you too" },
      ],
    });
  }
});

verifies("inbox.read", async () => {
  const id = await asked("deploy", "x");
  const listed = await page().threads.search({ offset: 0, limit: 10, status: "interrupted", metadata: { graph_id: "deploy" } });
  const thread = listed.find(({ thread_id }) => thread_id === id);
  // the inbox takes the first question of each task
  const [[question] = []] = Object.values(thread?.interrupts ?? {});
  const { action_requests, review_configs } = (question?.value ?? {}) as Hitl;
  expect(action_requests).toEqual([expect.objectContaining({ name: "deploy", args: { to: "staging" } })]);
  expect(review_configs[0]?.allowed_decisions).toEqual(["approve", "reject"]);
});

verifies("inbox.answer", async () => {
  const id = await asked("mailer", "mail ada");
  const decisions = [{ type: "approve", args: { action: "send_mail", args: { to: "ada", text: "hi" } } }];
  const frames = await collect(page().runs.stream(id, "mailer", { command: { resume: { decisions } }, streamMode: "events" }));
  // it shows which node works
  const nodes = frames.flatMap(({ data }) => {
    const { event, metadata } = data as { event?: string; metadata?: { langgraph_node?: string } };
    return event === "on_chain_start" && metadata?.langgraph_node ? [metadata.langgraph_node] : [];
  });
  expect(nodes).toEqual(expect.arrayContaining(["tools", "model_request"]));
  expect((await page().threads.get(id)).status).toBe("idle");
});

verifies("approvals.foreign", async () => {
  // whoever decides in the inbox does not know which graph asks
  const done: [unknown, RegExp][] = [
    [{ type: "approve" }, /Done: .*hi/],
    [{ type: "edit", args: { text: "bye" } }, /Done: .*bye/],
    [{ type: "reject", message: "not today" }, /not today/],
    [[{ type: "accept", args: null }], /Done: .*hi/],
  ];
  for (const [decision, told] of done) {
    const id = await asked("mailer", "mail ada");
    const { items } = (await (await here.http("GET", `/approvals?thread_id=${id}`)).json()) as { items: { id: string }[] };
    const decide = (body: unknown) => here.http("POST", `/approvals/${items[0]?.id}/decision`, body, { "content-type": "application/json" });
    expect((await decide({ decisions: [{ type: "approve" }, { type: "approve" }] })).status).toBe(422);
    expect((await decide({ type: "novelty" })).status).toBe(422);
    expect((await decide(decision)).status).toBe(200);
    const runs = await until(
      () => page().runs.list(id),
      (all) => all.length === 2 && all.every(({ status }) => status !== "pending" && status !== "running"),
    );
    expect(runs.map(({ status }) => status)).toEqual(["success", "success"]);
    expect(JSON.stringify((await page().threads.getState(id)).values)).toMatch(told);
  }
});

verifies("approvals.foreign-agents", async () => {
  const rpc = async (path: string, method: string, params: object) => {
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    return (await here.http("POST", path, { jsonrpc: "2.0", id: 1, method, params }, headers)).text();
  };
  const viaMcp = await asked("mailer", "mail ada");
  const answer = (text: string) => rpc("/mcp", "tools/call", { name: "continue_thread", arguments: { thread_id: viaMcp, answer: text } });
  expect(await answer("perhaps")).toContain("Accepted here: approve, edit, reject");
  expect((await page().threads.get(viaMcp)).status).toBe("interrupted");
  expect(await answer("yes")).toContain("Done: sent to ada: hi");

  const say = (text: string, task: object = {}) =>
    rpc("/a2a/mailer", "message/send", { message: { kind: "message", role: "user", messageId: text, parts: [{ kind: "text", text }], ...task } });
  const { result } = JSON.parse(await say("mail ada")) as { result: { id: string; contextId: string; status: { state: string } } };
  expect(result.status.state).toBe("input-required");
  expect(await say("no, not today", { taskId: result.id, contextId: result.contextId })).toContain('"completed"');
  expect(JSON.stringify((await page().threads.getState(result.contextId)).values)).toContain("not today");
});

verifies("inbox.older-shape", async () => {
  const id = await asked("deploy", "x");
  const run = await page().runs.create(id, "deploy", { command: { resume: [{ type: "accept", args: null }] } });
  await page().runs.join(id, run.run_id);
  expect((await page().threads.getState(id)).values).toMatchObject({ deployed: true });
});

verifies("inbox.resolve", async () => {
  const id = await asked("mailer", "mail ada");
  await page().threads.updateState(id, { values: null, asNode: "__end__" });
  expect(await page().threads.get(id)).toMatchObject({ status: "idle", interrupts: {} });
  expect((await page().threads.search({ status: "interrupted", ids: [id] })).length).toBe(0);
});
