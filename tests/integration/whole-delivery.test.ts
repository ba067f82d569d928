import { request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCommands } from "#delivery/commands.ts";
import { createTests } from "#delivery/test-run/create-tests.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import { createLog } from "#log";
import { createModels } from "#models/create-models.ts";
import type { Approval } from "#ports/approvals.ts";
import type { Caller } from "#ports/caller.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import type { Thread } from "#protocol/wire.ts";
import { makeRunPorts } from "../../src/start/make-run-ports.ts";
import { sealSecretAnswer } from "../../src/start/seal-secret-answer.ts";
import { deliveryWorld } from "../helpers/delivery-world.ts";
import { finish, teamScript, write } from "../helpers/engineering-scripts.ts";
import { startModelEndpoint, type ModelEndpoint, type ModelReply, type ModelRequest } from "../helpers/model-endpoint.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../helpers/runtime.ts";

// everything but the model's words is real: PostgreSQL, our runtime and checkpointer, git, the sandboxed harness, the vault, the supervised
// process and the proxy; one sentence goes in, and what comes out answers over HTTP
vi.setConfig({ testTimeout: 300_000 });
const world = deliveryWorld();
let endpoint: ModelEndpoint;
let runtime: Runtime;

const SERVER = `import { createServer } from "node:http";
import { add } from "./add.js";

createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/health") return response.end(JSON.stringify({ status: "ok", release: process.env.RELEASE }));
  if (request.headers.authorization !== process.env.DOOR_API_TOKEN) return response.writeHead(401).end();
  response.end(String(add(Number(url.searchParams.get("a")), Number(url.searchParams.get("b")))));
}).listen(Number(process.env.PORT ?? 3000), process.env.HOST);
`;
const ADD = "export const add = (a, b) => a + b;\n";
const TEST = `import test from "node:test";
import assert from "node:assert/strict";
import { add } from "../src/add.js";

test("adds", () => assert.equal(add(2, 3), 5));
`;

/** The second request changes what the first one built. */
const FIRST = [write("src/add.js", ADD), write("src/server.js", SERVER), write("test/add.test.js", TEST)];
const SECOND = [
  write("src/add.js", "export const add = (a, b) => Math.round(a + b);\n"),
  write("test/round.test.js", TEST.replace("add(2, 3), 5", "add(2, 3.2), 5")),
];

/** Decides what others have asked. */
const BERT: Caller = { owner: "bert", rights: { role: "approver", scopes: ["read", "approve"] } };

let isSecond = false;

const team = teamScript(({ answered }): ModelReply => (answered === 0 ? { toolCalls: isSecond ? SECOND : FIRST } : { toolCalls: [finish()] }));

function answer(request: ModelRequest): ModelReply {
  const offered = request.tools?.map((tool) => tool.function.name) ?? [];
  const newest = request.messages.findLast((message) => message.role === "user")?.content ?? "";
  if (offered.includes("sort_message")) {
    const kind = newest.endsWith("how is it?") ? "status" : "build";
    return { toolCalls: [{ name: "sort_message", arguments: { kind, language: "en", groups: ["delivery"], clear: true, missing: [], deliver: "service" } }] };
  }
  if (offered.includes("classify_environment")) {
    return {
      toolCalls: [
        {
          name: "classify_environment",
          arguments: { names: [{ name: "DOOR_API_TOKEN", class: "user", purpose: "opens the door", where: "choose one", value: null }] },
        },
      ],
    };
  }
  if (!offered.includes("delivery_status")) return team(request);
  if (request.messages.at(-1)?.role === "tool") return { text: newest === "how is it?" ? "It waits for you." : "Engineering plans it." };
  if (newest === "how is it?") return { toolCalls: [{ name: "delivery_status", arguments: {} }] };
  const wanted = isSecond ? newest : "a service that adds";
  return {
    toolCalls: [{ name: "start_delivery", arguments: { project_name: "adder", is_new_project: !isSecond, stack: "node", goal: "adds", request: wanted } }],
  };
}

beforeAll(async () => {
  endpoint = await startModelEndpoint(answer);
  const { database, dataDir, sandbox, vault } = world;
  const log = createLog("silent");
  const workspaces = createWorkspaces({ dataDir, sandbox });
  const models = createModels({ config: { MODEL_TIMEOUT: 60, OPENAI_BASE_URL: endpoint.url, RECORDINGS_DIR: "/nonexistent" }, retryDelaysMs: [] });
  const tests = createTests({ database, dataDir, sandbox });
  runtime = await testRuntime(database, {
    configPath: fileURLToPath(new URL("../../langgraph.json", import.meta.url)),
    makeRunPorts: makeRunPorts({
      database,
      models,
      vault,
      releases: world.releases({ watchMs: 0 }),
      workspaces,
      commands: createCommands({ sandbox, workspaces }),
      tests,
      log,
    }),
    sealSecretAnswer: sealSecretAnswer(vault),
  });
  await runtime.start();
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await endpoint.close();
});

interface Shown {
  id: string;
  value: { description: string; action_request: { action: string; args: Record<string, unknown> }; x: { kind: string; mirror_of: string } };
}

/** What the conversation's own thread asks now. */
function shownIn(thread: Thread): Shown | null {
  return (Object.values(thread.interrupts).flat()[0] as Shown | undefined) ?? null;
}

const spoken = (thread: Thread): string[] =>
  (thread.values as { messages: { type: string; content: string }[] }).messages
    .filter((message) => message.type === "ai" && message.content !== "")
    .map((message) => message.content);

const see = (threadId: string) => runtime.services.threads.get(LOCAL, threadId);
const say = async (threadId: string, text: string) => {
  const { runs } = runtime.services;
  const run = await runs.create(
    LOCAL,
    threadId,
    { assistant_id: "product_owner", input: { messages: [{ role: "user", content: text }] }, multitask_strategy: "enqueue" },
    NO_HEADERS,
  );
  await runs.join(LOCAL, threadId, run.run_id, { cancelOnDisconnect: false, signal: AbortSignal.timeout(60_000) });
};
const asks = (threadId: string, kind: string) =>
  eventually(
    () => see(threadId),
    (thread) => thread.status === "interrupted" && shownIn(thread)?.value.x.kind === kind,
  );
const resume = (threadId: string, thread: Thread, reply: unknown) =>
  runtime.services.runs.create(LOCAL, threadId, { assistant_id: "product_owner", command: { resume: { [shownIn(thread)?.id ?? ""]: reply } } }, NO_HEADERS);

function fetchService(host: string, port: number, path: string, authorization: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: "127.0.0.1", port, path, headers: { host, authorization } }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (piece: string) => (text += piece))
        .on("end", () => resolve(text));
    });
    call.on("error", reject).end();
  });
}

test("one sentence becomes a deployed, answering service; every approval is answered in the conversation or in the inbox", async () => {
  const { thread_id: conversation } = await runtime.services.threads.create(LOCAL, {});
  await say(conversation, "build me a service that adds");
  const planned = await asks(conversation, "plan");
  expect(spoken(planned)).toContain("Engineering plans it.");

  // a message in between is answered, and the question stands again
  await say(conversation, "how is it?");
  const again = await asks(conversation, "plan");
  expect(spoken(again)).toContain("It waits for you.");
  await resume(conversation, again, [{ type: "accept", args: null }]);

  // the value goes into the vault; the conversation, the team and the model see a reference at most
  const secrets = await asks(conversation, "secret");
  expect(shownIn(secrets)?.value.action_request.args).toEqual({ DOOR_API_TOKEN: "" });
  await resume(conversation, secrets, { DOOR_API_TOKEN: "open-sesame-42" });

  // the deployment is approved in the inbox, on the team's own thread: the conversation's copy goes
  const deploying = await asks(conversation, "deploy");
  expect(shownIn(deploying)?.value.description).toContain("1 of 1 passed");
  const inbox = await runtime.services.approvals.list(LOCAL, { state: "pending", kind: "deploy", limit: 10, offset: 0 });
  const original = inbox.items.find((item: Approval) => item.id === shownIn(deploying)?.value.x.mirror_of);
  expect(original?.threadId).not.toBe(conversation);
  await runtime.services.approvals.decide(LOCAL, original?.id ?? "", { type: "approve", message: null, args: null });

  const told = await eventually(
    () => see(conversation),
    (thread) => thread.status === "idle" && spoken(thread).some((text) => text.includes("is deployed")),
  );
  const port = await world.proxyPort();
  expect(spoken(told).at(-1)).toContain(`**adder** is deployed: http://adder.localhost:${port}`);
  expect(await fetchService(`adder.localhost:${port}`, port, "/?a=19&b=23", "open-sesame-42")).toBe("42");

  const tables = await world.database.sql<{ text: string }[]>`
    select coalesce(string_agg(t::text, ' '), '') as text from (
      select to_jsonb(r) as t from runs r union all select to_jsonb(a) from approvals a union all select to_jsonb(h) from threads h) as everything`;
  expect(tables[0]?.text).toContain("secret://adder/DOOR_API_TOKEN@1");
  expect(tables[0]?.text).not.toContain("open-sesame");
  expect(JSON.stringify(endpoint.requests)).not.toContain("open-sesame");
});

test("the next request builds on the first, asks for no secret again, and a refused deployment leaves the service as it is", async () => {
  const { thread_id: conversation } = await runtime.services.threads.create(LOCAL, {});
  isSecond = true;
  await say(conversation, "round the sum");
  await resume(conversation, await asks(conversation, "plan"), { decisions: [{ type: "approve" }] });
  const deploying = await asks(conversation, "deploy");
  expect(shownIn(deploying)?.value.description).toContain("2 of 2 passed");
  expect(shownIn(deploying)?.value.description).toContain("`test/round.test.js`");
  expect(shownIn(deploying)?.value.description).toContain("2 files");
  expect(shownIn(deploying)?.value.description).toContain("release 1 keeps serving");
  await resume(conversation, deploying, { decisions: [{ type: "reject", message: "not today" }] });
  const told = await eventually(
    () => see(conversation),
    (thread) => thread.status === "idle" && spoken(thread).some((text) => text.includes("You declined")),
  );
  const port = await world.proxyPort();
  expect(spoken(told).at(-1)).toContain(`It still runs: http://adder.localhost:${port}`);
  expect(await fetchService(`adder.localhost:${port}`, port, "/?a=1.2&b=2", "open-sesame-42")).toBe("3.2");
});

test("who else decided, and why, is told in the conversation: at a fork before an approval it is asked for again", async () => {
  const { threads, runs, approvals } = runtime.services;
  const { items: decided } = await approvals.list(LOCAL, { state: "done", kind: "deploy", limit: 10, offset: 0 });
  const { threadId } = decided.find((one) => one.mirrorOf === null && one.decision?.type === "approve") ?? { threadId: "" };
  const { parent_thread_id: conversation } = (
    await world.database.sql<{ parent_thread_id: string }[]>`select parent_thread_id from threads where thread_id = ${threadId}`
  )[0] ?? { parent_thread_id: "" };
  const history = await threads.history(LOCAL, threadId, { limit: 50 });
  const approved = history.find((one) => one.next.includes("deploy"))?.checkpoint?.checkpoint_id ?? "";
  const decide = async (decision: { type: string; message?: string }) => {
    await runs.create(LOCAL, threadId, { assistant_id: "devops", input: null, checkpoint_id: approved }, NO_HEADERS);
    const asking = await asks(conversation, "deploy");
    await approvals.decide(BERT, shownIn(asking)?.value.x.mirror_of ?? "", { message: null, args: null, ...decision });
    const told = await eventually(
      () => see(conversation),
      (thread) => thread.status === "idle" && spoken(thread).length > spoken(asking).length,
    );
    return spoken(told).at(-1);
  };

  const declined = await decide({ type: "reject", message: "Not on a Friday." });
  expect(declined).toContain("**bert** declined, so nothing changed for **adder**.");
  expect(declined).toContain("> Not on a Friday.");
  expect(declined).not.toContain("You");

  const deployed = await decide({ type: "approve" });
  expect(deployed).toContain("**adder** is deployed: ");
  expect(deployed).toContain("Approved by **bert**.");
});
