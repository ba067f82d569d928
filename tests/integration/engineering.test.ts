import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Command, INTERRUPT, MemorySaver, StateGraph, START, END, isInterrupted } from "@langchain/langgraph";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "#errors";
import { engineering } from "#graphs/engineering/graph.ts";
import { CALLS_PER_ROUND, EngineeringState } from "#graphs/engineering/state.ts";
import { createModels } from "#models/create-models.ts";
import type { ModelsPort } from "#ports/models.ts";
import type { ApprovalPayload } from "#protocol/approval-payload.ts";
import type { Project, Stack } from "#ports/projects.ts";
import { ADD_TEST, PLAN, RIGHT_ADD, WRONG_ADD, finish, teamScript, write, type DeveloperCall } from "../helpers/engineering-scripts.ts";
import { engineeringWorld } from "../helpers/engineering-world.ts";
import { startModelEndpoint, type ModelReply, type ModelScript } from "../helpers/model-endpoint.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const world = engineeringWorld();

const orderOf = (project: Project) => ({
  project_id: project.id,
  project_name: project.name,
  stack: project.stack,
  request: "A service that adds",
  language: "en",
});

/** A delivery under way: one thread, one endpoint, one saver. */
async function start(script: ModelScript, stack: Stack = "node") {
  const server = await startModelEndpoint(script);
  const project = await world.newProject(stack);
  const threadId = randomUUID();
  const saver = new MemorySaver();
  const graph = engineering.compile({ checkpointer: saver });
  const config = world.run({ modelUrl: server.url, threadId });
  const asked = new Map<string, ApprovalPayload>();
  const read = (values: unknown) => {
    const [first] = isInterrupted<ApprovalPayload>(values) ? values[INTERRUPT] : [];
    if (first?.id !== undefined && first.value !== undefined) asked.set(first.id, first.value);
    return { values: values as EngineeringState, question: first?.value ?? null, interruptId: first?.id ?? "" };
  };
  const begin = async () => read(await graph.invoke(orderOf(project), config));
  const answer = async (interruptId: string, decision: unknown) => {
    const question = asked.get(interruptId);
    if (question !== undefined) world.decided.note(threadId, question, decision);
    return read(await graph.invoke(new Command({ resume: { [interruptId]: decision } }), config));
  };
  return { server, project, threadId, graph, saver, config, begin, answer };
}

/** The approval of what was asked, on record as the inbox would keep it. */
function approving({ configurable }: { configurable: Record<string, unknown> }, values: unknown): Command<unknown, Record<string, never>, never> {
  const [question] = isInterrupted<ApprovalPayload>(values) ? values[INTERRUPT] : [];
  if (question?.id === undefined || question.value === undefined) throw new Error("nothing was asked");
  world.decided.note(String(configurable["thread_id"]), question.value, { type: "approve" });
  return new Command({ resume: { [question.id]: { type: "approve" } } });
}

/** Begins and approves the plan. */
async function approved(script: ModelScript, stack?: Stack) {
  const delivery = await start(script, stack);
  const asked = await delivery.begin();
  return { ...delivery, end: await delivery.answer(asked.interruptId, { type: "approve" }) };
}

const wrongThenRight = ({ round, answered }: DeveloperCall): ModelReply => {
  if (round === 1 && answered === 0) return { text: "Writing.", toolCalls: [write("src/add.js", WRONG_ADD), write("test/add.test.js", ADD_TEST)] };
  if (round === 2 && answered === 0)
    return {
      toolCalls: [
        { name: "apply_diff", arguments: { path: "src/add.js", diff: "<<<<<<< SEARCH\n  return a - b;\n=======\n  return a + b;\n>>>>>>> REPLACE" } },
      ],
    };
  return { toolCalls: [finish()] };
};

describe("a delivery whose first implementation is wrong", () => {
  test("is reworked with what the harness saw and ends green on exactly the tested commit", async () => {
    const { server, project, threadId, end } = await approved(teamScript(wrongThenRight));
    expect(end.question).toBeNull();
    expect(end.values.result).toMatchObject({
      status: "green",
      project_id: project.id,
      delivery_id: threadId,
      rounds: 2,
      tests: { executed: 2, passed: 2, failed: 0 },
      start_command: "node src/server.js",
    });
    expect(end.values.attempts.map((attempt) => attempt.green)).toEqual([false, true]);
    expect(end.values.attempts[0]?.failing).toHaveLength(2);

    const sha = end.values.result?.commit_sha ?? "";
    const commit = await world.workspaces.verifyCommit(project.id, sha);
    expect(commit.trailers).toMatchObject({ Delivery: threadId, Step: "round-2", "Test-Report": end.values.result?.report_id });
    const [head] = await world.workspaces.log(project.id, end.values.branch ?? "", 1);
    expect(head?.sha).toBe(sha);
    expect(await world.tests.get(end.values.result?.report_id ?? "")).toMatchObject({ green: true, commitSha: sha });

    const packet = server.requests
      .map((request) => request.messages.find((message) => message.role === "user")?.content ?? "")
      .find((text) => text.includes("Round 1 is not green"));
    expect(packet).toContain("adds negative numbers");
    expect(packet).toContain("return a - b");
    expect(packet).not.toContain(world.dataDir);
    expect(packet).not.toContain(threadId);
    await server.close();
  });
});

describe("other orders", () => {
  test("Python is delivered by the same team", async () => {
    const plan = { ...PLAN, test_command: "python3 -m unittest", start_command: "python3 -m app" };
    const pythonTest =
      "import unittest\nfrom app.add import add\n\n\nclass AddTest(unittest.TestCase):\n    def test_adds(self):\n        self.assertEqual(add(2, 3), 5)\n";
    const script = teamScript(({ round, answered }) => {
      if (answered > 0) return { toolCalls: [finish()] };
      const sign = round === 1 ? "-" : "+";
      return { toolCalls: [write("app/add.py", `def add(a, b):\n    return a ${sign} b\n`), write("tests/test_add.py", pythonTest)] };
    }, plan);
    const { server, end } = await approved(script, "python");
    expect(end.values.result).toMatchObject({ status: "green", rounds: 2, tests: { executed: 1, passed: 1, failed: 0 }, start_command: "python3 -m app" });
    await server.close();
  });

  test("a thread that delivered takes another order, as a delivery of its own that builds on the first", async () => {
    const script = teamScript(({ request, answered }) => {
      if (answered > 0) return { toolCalls: [finish()] };
      const brief = request.messages.find((message) => message.role === "user")?.content ?? "";
      const more = ADD_TEST.replaceAll("adds", "adds again");
      return brief.includes("A service that adds\n")
        ? { toolCalls: [write("src/add.js", RIGHT_ADD), write("test/add.test.js", ADD_TEST)] }
        : { toolCalls: [write("src/add.js", RIGHT_ADD), write("test/more.test.js", more)] };
    });
    const { server, end, graph, config, project, threadId } = await approved(script);
    expect(end.values.result).toMatchObject({ status: "green", delivery_id: threadId });
    await world.workspaces.mergeToMain(project.id, end.values.result?.commit_sha ?? "");

    const asked = await graph.invoke({ ...orderOf(project), request: "More tests" }, config);
    expect(server.requests.at(-1)?.messages.at(-1)?.content).toContain("The project exists");
    const second = await graph.invoke(approving(config, asked), config);
    expect(second.result).toMatchObject({ status: "green", rounds: 1, tests: { passed: 4 } });
    expect(second.result?.delivery_id).not.toBe(threadId);
    await server.close();
  });
});

describe("the person's word about the plan", () => {
  const straight = teamScript(({ answered }) =>
    answered === 0 ? { toolCalls: [write("src/add.js", RIGHT_ADD), write("test/add.test.js", ADD_TEST)] } : { toolCalls: [finish()] },
  );

  test("is asked in a payload that known clients render", async () => {
    const delivery = await start(straight);
    const { question } = await delivery.begin();
    expect(question).toMatchObject({
      action_requests: [{ name: "approve_plan", args: PLAN }],
      review_configs: [{ allowed_decisions: ["approve", "edit", "reject"] }],
      x: { kind: "plan", project_id: delivery.project.id },
    });
    expect(question?.description).toContain("add(2, 3) is 5");
    await delivery.server.close();
  });

  test("reject with a reason makes the analyst plan again with it", async () => {
    const delivery = await start(straight);
    const first = await delivery.begin();
    const second = await delivery.answer(first.interruptId, { type: "reject", message: "use only integers" });
    expect(second.question?.x.approval_id).not.toBe(first.question?.x.approval_id);
    const [, again] = delivery.server.requests;
    expect(again?.messages.at(-1)?.content).toContain("use only integers");
    expect((await delivery.answer(second.interruptId, "yes")).values.result?.status).toBe("green");
    await delivery.server.close();
  });

  test("reject without a reason ends the order, and nothing was built", async () => {
    const delivery = await start(straight);
    const { interruptId } = await delivery.begin();
    const end = await delivery.answer(interruptId, { type: "reject" });
    expect(end.values.result).toMatchObject({ status: "rejected", commit_sha: null, rounds: 0 });
    expect(delivery.server.requests).toHaveLength(1);
    await delivery.server.close();
  });

  test("an edit is taken as it is", async () => {
    const delivery = await start(straight);
    const { interruptId } = await delivery.begin();
    const end = await delivery.answer(interruptId, { type: "edit", args: { start_command: "node src/main.js" } });
    expect(end.values.result).toMatchObject({ status: "green", start_command: "node src/main.js" });
    await delivery.server.close();
  });

  test("an unreadable answer leaves the question standing, with the reason", async () => {
    const delivery = await start(straight);
    const first = await delivery.begin();
    const second = await delivery.answer(first.interruptId, { mood: "unsure" });
    expect(second.question?.x.kind).toBe("plan");
    expect(second.question?.description).toMatch(/^⚠️/);
    expect(second.question?.x.approval_id).not.toBe(first.question?.x.approval_id);
    expect((await delivery.answer(second.interruptId, { type: "approve" })).values.result?.status).toBe("green");
    await delivery.server.close();
  });
});

describe("a developer that lies never reaches green", () => {
  const TRIVIAL = 'import test from "node:test";\ntest("trivial", () => {});\n';
  const liars: [string, (call: DeveloperCall) => ModelReply, string][] = [
    ["claims success without changing anything", () => ({ toolCalls: [finish("Everything is implemented and all tests pass.")] }), "no_changes"],
    [
      "writes no test",
      ({ answered, round }) => (answered === 0 ? { toolCalls: [write("README.md", `done ${round}`)] } : { toolCalls: [finish("All tests pass.")] }),
      "same_failure",
    ],
    [
      "deletes the failing test",
      ({ answered, round }) => {
        if (answered > 0) return { toolCalls: [finish("Fixed.")] };
        if (round === 1) return { toolCalls: [write("src/add.js", WRONG_ADD), write("test/add.test.js", ADD_TEST), write("test/ok.test.js", TRIVIAL)] };
        return { toolCalls: [{ name: "delete_file", arguments: { path: "test/add.test.js" } }, write("notes.md", `${round}`)] };
      },
      "same_failure",
    ],
    [
      "skips the failing test",
      ({ answered, round }) => {
        if (answered > 0) return { toolCalls: [finish("Fixed.")] };
        if (round === 1) return { toolCalls: [write("src/add.js", WRONG_ADD), write("test/add.test.js", ADD_TEST)] };
        return {
          toolCalls: [write("test/add.test.js", ADD_TEST.replaceAll('test("adds', 'test.skip("adds') + `// ${round}\n`), write("test/ok.test.js", TRIVIAL)],
        };
      },
      "same_failure",
    ],
    [
      "leaves the process before any test",
      ({ answered, round }) =>
        answered === 0 ? { toolCalls: [write("test/add.test.js", `process.exit(0); // ${round}\n`)] } : { toolCalls: [finish("Green.")] },
      "same_failure",
    ],
    ["only talks", () => ({ text: "All tests are green now, commit 0123456789abcdef0123456789abcdef01234567." }), "silent"],
  ];

  test.each(liars)("%s", async (_name, developer, stuck) => {
    const { server, project, end, answer, threadId } = await approved(teamScript(developer));
    expect(end.values.attempts.every((attempt) => !attempt.green)).toBe(true);
    expect(end.question?.x.kind).toBe("escalation");
    expect(end.values.stuck).toBe(stuck);
    const before = await world.workspaces.log(project.id, end.values.branch ?? "", 10);
    expect(before.map((commit) => commit.sha)).toEqual([end.values.base_sha]);
    const stopped = await answer(end.interruptId, { type: "reject", message: "enough" });
    expect(stopped.values.result).toMatchObject({ status: "given_up", commit_sha: null, delivery_id: threadId });
    await server.close();
  });
});

describe("an escalation", () => {
  test("with an instruction opens another round, and the developer reads it", async () => {
    const script = teamScript(({ request, answered }) => {
      const brief = request.messages.find((message) => message.role === "user")?.content ?? "";
      if (!brief.includes("try plus instead")) return { toolCalls: [finish("done")] };
      return answered === 0 ? { toolCalls: [write("src/add.js", RIGHT_ADD), write("test/add.test.js", ADD_TEST)] } : { toolCalls: [finish()] };
    });
    const { server, end, answer } = await approved(script);
    expect(end.question?.description).toContain("needs your help");
    expect(end.question?.x.evidence).toHaveLength(2);
    const after = await answer(end.interruptId, { type: "respond", message: "try plus instead" });
    expect(after.values.result).toMatchObject({ status: "green", rounds: 3 });
    await server.close();
  });
});

describe("trouble on the way", () => {
  const plainRound = ({ answered }: DeveloperCall, first: ModelReply): ModelReply => {
    if (answered === 0) return first;
    return answered === 1 ? { toolCalls: [write("src/add.js", RIGHT_ADD), write("test/add.test.js", ADD_TEST)] } : { toolCalls: [finish()] };
  };
  const toolResults = (requests: readonly { messages: { role: string; content: string | null }[] }[]) =>
    requests.flatMap((request) => request.messages.filter((message) => message.role === "tool").map((message) => message.content ?? ""));

  test.each<[string, ModelReply, RegExp]>([
    ["arguments cut off in the middle", { toolCalls: [{ name: "write_file", arguments: '{"path":"src/add.js","content":"export' }] }, /not a JSON object/],
    ["arguments of the wrong shape", { toolCalls: [{ name: "read_file", arguments: { file: "a" } }] }, /do not fit/],
    ["a tool that does not exist", { toolCalls: [{ name: "sudo", arguments: {} }] }, /there is no tool "sudo"/],
    ["a path outside the workspace", { toolCalls: [{ name: "read_file", arguments: { path: "../../../etc/passwd" } }] }, /^Error: /],
    ["a file that is not there", { toolCalls: [{ name: "read_file", arguments: { path: "nothing.js" } }] }, /^Error: /],
    ["a command that fails", { toolCalls: [{ name: "execute_command", arguments: { command: "pwd; exit 3" } }] }, /^Exit code 3\.\n\.$/],
  ])("%s becomes an answer to the model", async (_name, first, expected) => {
    const { server, end } = await approved(teamScript((call) => plainRound(call, first)));
    expect(end.values.result?.status).toBe("green");
    expect(toolResults(server.requests)[0]).toMatch(expected);
    for (const request of server.requests) expect(JSON.stringify(request)).not.toContain(world.dataDir);
    await server.close();
  });

  test("a call repeated without end is told, then escalated", async () => {
    const { server, end } = await approved(teamScript(() => ({ toolCalls: [{ name: "list_files", arguments: {} }] })));
    expect(end.values.stuck).toBe("loop");
    expect(server.requests.some((request) => request.messages.some((message) => message.content?.includes("this very call three times")))).toBe(true);
    expect(server.requests.length).toBeLessThan(10);
    await server.close();
  });

  test("a developer that never ends is tested after its calls are used up, and the graph has room for it", async () => {
    let calls = 0;
    const script = teamScript(({ round }) =>
      round === 1 ? { toolCalls: [write(`src/file-${(calls += 1)}.js`, `// ${calls}\n`)] } : { toolCalls: [finish()] },
    );
    const { server, end } = await approved(script);
    expect(calls).toBe(CALLS_PER_ROUND);
    expect(end.values.attempts.map((attempt) => attempt.outcome)).toEqual(["no_tests", "unchanged", "unchanged"]);
    await server.close();
  });

  test("a failing infrastructure is tried again and costs no round", async () => {
    const server = await startModelEndpoint(
      teamScript((call) =>
        plainRound(call, {
          toolCalls: [
            { name: "git_status", arguments: {} },
            { name: "git_diff", arguments: {} },
            { name: "git_log", arguments: {} },
          ],
        }),
      ),
    );
    const project = await world.newProject();
    const threadId = randomUUID();
    let failures = 0;
    const config = world.run({
      modelUrl: server.url,
      threadId,
      wrap: (ports) => ({
        ...ports,
        tests: {
          ...ports.tests,
          run: async (input) => {
            failures += 1;
            if (failures === 2) throw new AppError("test_infrastructure", "the sandbox did not start");
            return ports.tests.run(input);
          },
        },
      }),
    });
    const graph = engineering.compile({ checkpointer: new MemorySaver() });
    const asked = await graph.invoke(orderOf(project), config);
    const end = await graph.invoke(approving(config, asked), config);
    expect(end.result).toMatchObject({ status: "green", rounds: 1 });
    expect(failures).toBe(3);
    await server.close();
  });

  test("a model that breaks off is asked again", async () => {
    let broken = false;
    const script = teamScript((call) => plainRound(call, { toolCalls: [{ name: "list_files", arguments: {} }] }));
    const { server, end } = await approved((request, call) => {
      if (call === 2 && !broken) {
        broken = true;
        return { text: "I will now do", trouble: "break" };
      }
      return script(request);
    });
    expect(end.values.result?.status).toBe("green");
    await server.close();
  });
});

describe("files move with the checkpoint", () => {
  test("a fork before the rework sees the files of that moment and builds a line of its own", async () => {
    const delivery = await approved(teamScript(wrongThenRight));
    const { graph, config, threadId, project, server } = delivery;
    const history = [];
    for await (const snapshot of graph.getStateHistory(config)) history.push(snapshot);
    const fork = history.find((snapshot) => snapshot.next[0] === "developer_tools" && snapshot.values.round === 2);
    expect(fork).toBeDefined();

    const branch = randomUUID();
    const other = world.run({ modelUrl: server.url, threadId, branch });
    const end = await graph.invoke(null, { configurable: { ...other.configurable, checkpoint_id: fork?.config.configurable?.["checkpoint_id"] } });
    expect(end.result).toMatchObject({ status: "green", rounds: 2 });
    expect(end.result?.report_id).not.toBe(delivery.end.values.result?.report_id);
    const [head] = await world.workspaces.log(project.id, end.branch ?? "", 1);
    expect(head?.sha).toBe(end.result?.commit_sha);
    await server.close();
  });

  test("half a batch that a crash left behind does not count", async () => {
    const server = await startModelEndpoint(teamScript(wrongThenRight));
    const project = await world.newProject();
    const threadId = randomUUID();
    const saver = new MemorySaver();
    const graph = engineering.compile({ checkpointer: saver });
    let kills = 0;
    const config = world.run({
      modelUrl: server.url,
      threadId,
      wrap: (ports) => ({
        ...ports,
        workspaces: {
          ...ports.workspaces,
          writeFile: async (deliveryId, input) => {
            const written = await ports.workspaces.writeFile(deliveryId, input);
            if (input.path === "src/add.js" && (kills += 1) === 1) {
              await ports.workspaces.writeFile(deliveryId, { path: "src/half.js", content: "left behind" });
              throw new Error("killed in the middle of the batch");
            }
            return written;
          },
        },
      }),
    });
    const asked = await graph.invoke(orderOf(project), config);
    await expect(graph.invoke(approving(config, asked), config)).rejects.toThrow("killed");
    const end = await graph.invoke(null, config);
    expect(end.result?.status).toBe("green");
    const files = await world.workspaces.diff(project.id, end.base_sha ?? "", end.result?.commit_sha ?? "");
    expect(files.files.map((file) => file.path)).toEqual(["src/add.js", "test/add.test.js"]);
    await server.close();
  });

  test("every node may run twice: a second run of the whole end changes nothing", async () => {
    const { graph, config, project, end, server } = await approved(teamScript(wrongThenRight));
    const history = [];
    for await (const snapshot of graph.getStateHistory(config)) history.push(snapshot);
    for (const node of ["commit_attempt", "tester", "promote", "report"]) {
      const from = history.find((snapshot) => snapshot.next[0] === node);
      const again = await graph.invoke(null, { configurable: { ...config.configurable, checkpoint_id: from?.config.configurable?.["checkpoint_id"] } });
      expect(again.result).toEqual(end.values.result);
    }
    expect(await world.workspaces.log(project.id, end.values.branch ?? "", 10)).toHaveLength(2);
    await server.close();
  });
});

describe("a recorded delivery", () => {
  const script = teamScript(({ round, answered }) => {
    if (answered === 0) return wrongThenRight({ round, answered, request: { model: "", messages: [] } });
    if (answered === 1)
      return {
        toolCalls: [
          { name: "execute_command", arguments: { command: "node --test; pwd; date; echo $$; git log -1" } },
          { name: "git_diff", arguments: {} },
        ],
      };
    return { toolCalls: [finish()] };
  });

  async function deliver(models: ModelsPort) {
    const project = await world.newProject();
    const graph = engineering.compile({ checkpointer: new MemorySaver() });
    const config = world.run({ models, threadId: randomUUID(), branch: randomUUID() });
    const asked = await graph.invoke(orderOf(project), config);
    return graph.invoke(approving(config, asked), config);
  }

  test("replays without an endpoint in another place, at another time, to the same files", async () => {
    const server = await startModelEndpoint(script);
    const directory = temporaryFolder("recording");
    const config = { MODEL_TIMEOUT: 30, RECORDINGS_DIR: directory };
    const recorded = await deliver(createModels({ config: { ...config, OPENAI_BASE_URL: server.url, RECORD_TO: join(directory, "adder.jsonl") } }));
    expect(recorded.result).toMatchObject({ status: "green", rounds: 2 });
    await server.close();

    const replayed = await deliver(createModels({ config }));
    expect(replayed.result).toMatchObject({ status: "green", rounds: 2, tests: recorded.result?.tests });
    expect(replayed.attempts.map((attempt) => attempt.tree_sha)).toEqual(recorded.attempts.map((attempt) => attempt.tree_sha));
    expect(replayed.delivery_id).not.toBe(recorded.delivery_id);
  });
});

describe("somebody else's graph", () => {
  test("mounts the team as a subgraph, and an answer reaches it", async () => {
    const server = await startModelEndpoint(teamScript(wrongThenRight));
    const project = await world.newProject();
    const parent = new StateGraph(EngineeringState)
      .addNode("team", engineering.compile())
      .addEdge(START, "team")
      .addEdge("team", END)
      .compile({ checkpointer: new MemorySaver() });
    const config = { ...world.run({ modelUrl: server.url, threadId: randomUUID() }), recursionLimit: 500 };
    const asked = await parent.invoke(orderOf(project), config);
    const end = await parent.invoke(approving(config, asked), config);
    expect(end.result).toMatchObject({ status: "green", rounds: 2 });
    await server.close();
  });

  test("without Slipway's ports it says what is missing", async () => {
    const graph = engineering.compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke({ ...orderOf(await world.newProject()) }, { configurable: { thread_id: "x" } })).rejects.toMatchObject({ code: "ports_missing" });
  });

  test("an order that cannot be read is refused by name", async () => {
    const { graph, config, server, project } = await start([]);
    const { language: _language, ...withoutLanguage } = orderOf(project);
    await expect(graph.invoke(withoutLanguage, config)).rejects.toMatchObject({ code: "invalid_request", message: expect.stringContaining("language") });
    // a client may send anything
    await expect(graph.invoke(z.any().parse({ ...orderOf(project), project_id: "not an id" }), config)).rejects.toThrow(/project_id/);
    await server.close();
  });
});
