import { readFileSync, writeFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HumanMessage, SystemMessage, type BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isAppError } from "#errors";
import { createModels, type CreateModelsOptions } from "#models/create-models.ts";
import type { ModelUsage } from "#models/model-fetch.ts";
import { readModelAnswer } from "#nodes/shared/model-answer.ts";
import { startModelEndpoint, type ModelScript } from "../helpers/model-endpoint.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const readFile = tool(async () => "", { name: "read_file", description: "Reads a file.", schema: z.object({ path: z.string() }) });

function emptyDirectory(): string {
  return temporaryFolder("models");
}

type Settings = Partial<CreateModelsOptions["config"]>;

function models(settings: Settings, onUsage: (usage: ModelUsage) => void = () => {}) {
  return createModels({ config: { MODEL_TIMEOUT: 20, RECORDINGS_DIR: "/nonexistent", ...settings }, onUsage, retryDelaysMs: [5, 5] });
}

async function endpoint(script: ModelScript, settings: Settings = {}) {
  const server = await startModelEndpoint(script);
  const used: ModelUsage[] = [];
  const port = models({ OPENAI_BASE_URL: server.url, MODEL: "local", ...settings }, (usage) => used.push(usage));
  return { server, port, used };
}

async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isAppError(error)) throw new Error(`expected an AppError, got ${String(error)}`);
  return error;
}

describe("a live endpoint", () => {
  test("streams tokens, reports usage and names the model of the role", async () => {
    const { server, port, used } = await endpoint([{ text: "one two three", usage: { input: 7, output: 3 } }], { MODEL_CODER: "big" });
    const parts: string[] = [];
    for await (const chunk of await port.chat("coder").stream([new HumanMessage("count")])) parts.push(String(chunk.content));
    expect(parts.filter(Boolean)).toEqual(["one", " two", " three"]);
    expect(server.requests[0]).toMatchObject({ model: "big", stream: true, messages: [{ role: "user", content: "count" }] });
    expect(used).toEqual([expect.objectContaining({ role: "coder", model: "big", inputTokens: 7, outputTokens: 3, replayed: false, estimated: false })]);
    await server.close();
  });

  test("a model that LangChain would send to OpenAI's own /responses is asked like any other", async () => {
    const { server, port } = await endpoint([{ text: "hello" }, { text: "again" }], { MODEL: "gpt-5-codex" });
    expect((await port.chat("coder").invoke([new HumanMessage("hi")])).content).toBe("hello");
    expect(
      (
        await port
          .chat("coder")
          .withConfig({ tags: ["any"] })
          .invoke([new HumanMessage("hi")])
      ).content,
    ).toBe("again");
    expect(server.requests).toHaveLength(2);
    await server.close();
  });

  test("invoke answers with bound tools, the whole message and a unique id", async () => {
    const reply = { text: "reading", toolCalls: [{ name: "read_file", arguments: { path: "a.js" } }] };
    const { server, port } = await endpoint([reply, reply]);
    const model = port.chat("coder").bindTools?.([readFile]);
    const first = await model!.invoke("read");
    const second = await model!.invoke("read");
    expect(first.tool_calls).toEqual([expect.objectContaining({ name: "read_file", args: { path: "a.js" } })]);
    expect(first.text).toBe("reading");
    expect(server.requests[0]?.tools?.[0]?.function.name).toBe("read_file");
    expect(first.id).not.toBe(second.id);
    await server.close();
  });

  test("malformed arguments come back as an invalid call, not as an exception", async () => {
    const { server, port } = await endpoint([{ toolCalls: [{ name: "read_file", arguments: '{"path": "a' }] }]);
    const answer = await port.chat("coder").bindTools!([readFile]).invoke("read");
    expect(answer.tool_calls).toEqual([]);
    const read = readModelAnswer(answer);
    expect(read.malformed).toEqual([expect.objectContaining({ name: "read_file", raw: expect.stringContaining('{"path": "a') })]);
    expect(read.message.tool_calls).toEqual([expect.objectContaining({ name: "read_file", args: {}, id: "call_1_0" })]);
    await server.close();
  });

  test("a refusal is readable text with the reason to finish", async () => {
    const { server, port } = await endpoint([{ refusal: "I will not." }]);
    const answer = await port.chat("planner").invoke("do it");
    expect(answer.text).toBe("I will not.");
    expect(answer.response_metadata["finish_reason"]).toBe("refusal");
    await server.close();
  });

  test("without reported usage, characters are counted", async () => {
    const { server, port, used } = await endpoint([{ text: "word ".repeat(40), usage: null }]);
    await port.chat("planner").invoke("say");
    expect(used[0]).toMatchObject({ estimated: true, outputTokens: 51 });
    await server.close();
  });

  test("an endpoint that ignores `stream` is understood", async () => {
    const { server, port } = await endpoint([{ text: "all at once", whole: true, toolCalls: [{ name: "read_file", arguments: { path: "b" } }] }]);
    const answer = await port.chat("coder").invoke("go");
    expect(answer.text).toBe("all at once");
    expect(answer.tool_calls).toEqual([expect.objectContaining({ name: "read_file", args: { path: "b" } })]);
    await server.close();
  });

  test.each([
    ["429", { status: 429, message: "slow down" }],
    ["500", { status: 500, message: "oops" }],
  ])("%s is tried again", async (_name, trouble) => {
    const { server, port } = await endpoint([trouble, trouble, { text: "fine" }]);
    expect((await port.chat("planner").invoke("go")).text).toBe("fine");
    expect(server.requests).toHaveLength(3);
    await server.close();
  });

  test("gives up after its tries with the status", async () => {
    const { server, port } = await endpoint(() => ({ status: 503, message: "down for lunch" }));
    const error = await failure(port.chat("planner").invoke("go"));
    expect(error).toMatchObject({ code: "model_failed", terminal: false, details: { status: 503, retryable: true } });
    expect(error.message).toContain("down for lunch");
    expect(server.requests).toHaveLength(3);
    await server.close();
  });

  test("401 is not tried again and says what to set", async () => {
    const { server, port } = await endpoint(() => ({ status: 401, message: "bad key" }));
    const error = await failure(port.chat("planner").invoke("go"));
    expect(error).toMatchObject({ code: "model_not_configured", terminal: true });
    expect(error.message).toContain("OPENAI_API_KEY");
    expect(server.requests).toHaveLength(1);
    await server.close();
  });

  test("an unknown model is named", async () => {
    const { server, port } = await endpoint(() => ({ status: 404, message: "no such model" }));
    const error = await failure(port.chat("planner").invoke("go"));
    expect(error.message).toContain('"local"');
    await server.close();
  });

  test("a hang before the answer ends with a clear error after its tries", async () => {
    const { server, port } = await endpoint(() => ({ trouble: "start" }), { MODEL_TIMEOUT: 1 });
    const error = await failure(port.chat("planner").invoke("go"));
    expect(error.message).toContain("did not begin to answer");
    expect(server.requests).toHaveLength(3);
    await server.close();
  });

  test.each([["middle" as const], ["break" as const]])("an answer that stops in the %s fails as retryable", async (trouble) => {
    const { server, port } = await endpoint(() => ({ text: "one two three", trouble }), { MODEL_TIMEOUT: 0.3 });
    const error = await failure(port.chat("planner").invoke("go"));
    expect(error).toMatchObject({ code: "model_failed", details: { retryable: true } });
    await server.close();
  });

  test("an abort reaches the endpoint's connection", async () => {
    const { server, port } = await endpoint(() => ({ text: "one two three", trouble: "middle" }));
    const abort = new AbortController();
    const work = (async () => {
      for await (const _chunk of await port.chat("planner").stream("go", { signal: abort.signal })) abort.abort();
    })();
    await expect(work).rejects.toThrow(/abort/i);
    await server.close();
  });

  test("an address where nobody listens is named", async () => {
    const { server, port } = await endpoint([]);
    await server.close();
    const error = await failure(port.chat("planner").invoke("go"));
    expect(error.message).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });

  test("an endpoint that does not know tool_choice is asked in a simpler way, and remembered", async () => {
    const { server, port } = await endpoint((request) =>
      request.tool_choice === undefined ? { text: "ok" } : { status: 400, message: "tool_choice is not supported" },
    );
    const model = port.chat("planner").bindTools!([readFile], { tool_choice: "read_file" });
    expect((await model.invoke("a")).text).toBe("ok");
    expect((await model.invoke("b")).text).toBe("ok");
    expect(server.requests.map((request) => request.tool_choice)).toEqual([
      { type: "function", function: { name: "read_file" } },
      "required",
      undefined,
      undefined,
    ]);
    await server.close();
  });
});

describe("recordings", () => {
  const conversation = (where: string, took: string) => [
    new SystemMessage("You write code."),
    new HumanMessage(
      `The tests in ${where} took ${took}.\n  at ok (${where}/src/a.js:1:2)\n  at Test.run (node:internal/test_runner/test:1054:25)\nListening on http://127.0.0.1:40123/`,
    ),
  ];

  async function recorded() {
    const directory = emptyDirectory();
    const file = join(directory, "polls.jsonl");
    const { server, port } = await endpoint([{ text: "Let me look.", toolCalls: [{ name: "read_file", arguments: { path: "a.js" } }] }], {
      RECORD_TO: file,
      RECORDINGS_DIR: directory,
    });
    expect(port.mode).toBe("record");
    const model = port.chat("coder").bindTools!([readFile]);
    const first = await model.invoke(conversation("/tmp/one/work", "12.5 ms"));
    const again = await model.invoke(conversation("/tmp/one/work", "12.5 ms"));
    expect(server.requests).toHaveLength(1);
    await server.close();
    return { directory, file, first, again };
  }

  test("a known request is answered from the recording while recording", async () => {
    const { first, again } = await recorded();
    expect(again.text).toBe(first.text);
    expect(again.tool_calls).toEqual(first.tool_calls);
  });

  test("replays under another path, port, clock and model, with the same tool call ids", async () => {
    const { directory, first } = await recorded();
    const used: ModelUsage[] = [];
    const replay = models({ RECORDINGS_DIR: directory, MODEL: "another" }, (usage) => used.push(usage));
    expect(replay.mode).toBe("replay");
    const model = replay.chat("coder").bindTools!([readFile]);
    const moved = conversation("/home/me/elsewhere", "99 ms").map((message) => {
      message.content = String(message.content).replace("40123", "50999").replace("1054:25", "2000:9");
      return message;
    });
    const parts: string[] = [];
    for await (const chunk of await model.stream(moved)) parts.push(chunk.text);
    expect(parts.join("")).toBe(first.text);
    const answer = await model.invoke(moved);
    expect(answer.tool_calls).toEqual(first.tool_calls);
    expect((await model.invoke(moved)).id).toBe(answer.id);
    expect(used[0]).toMatchObject({ replayed: true, inputTokens: 101 });
  });

  test("a miss fails once, at once, and shows the nearest recording and the first difference", async () => {
    const { directory } = await recorded();
    const replay = models({ RECORDINGS_DIR: directory });
    const error = await failure(
      replay.chat("coder").bindTools!([readFile]).invoke([new SystemMessage("You write code."), new HumanMessage("This request timed out of nowhere")]),
    );
    expect(error).toMatchObject({ code: "replay_miss", terminal: true, details: { first: true, nearest: { file: "polls.jsonl", common: 1 } } });
    expect(error.message).toContain("polls.jsonl");
    expect(error.message).toContain("message 2 (user)");
  });

  test("without any recording the miss says what to set", async () => {
    const error = await failure(models({ RECORDINGS_DIR: emptyDirectory() }).chat("intent").invoke("hello"));
    expect(error.code).toBe("replay_miss");
    expect(error.message).toContain("OPENAI_BASE_URL");
  });

  test("sample requests come from the headers", async () => {
    const { directory, file } = await recorded();
    const lines = readFileSync(file, "utf8").split("\n");
    lines[0] = JSON.stringify({ kind: "header", title: "Polls", request: "Build me polls", language: "en" });
    writeFileSync(file, lines.join("\n"));
    const replay = models({ RECORDINGS_DIR: directory });
    expect(replay.sampleRequests()).toEqual(["Build me polls"]);
    expect(replay.samples[0]).toMatchObject({ title: "Polls", language: "en" });
  });

  test("a message is written once, however many calls carry it", async () => {
    const directory = emptyDirectory();
    const { server, port } = await endpoint(() => ({ text: "ok" }), { RECORD_TO: join(directory, "long.jsonl") });
    const history: BaseMessage[] = [new SystemMessage("LONG".repeat(500))];
    for (let turn = 0; turn < 5; turn++) {
      history.push(new HumanMessage(`turn ${turn}`));
      await port.chat("coder").invoke(history);
    }
    expect(readFileSync(join(directory, "long.jsonl"), "utf8").length).toBeLessThan(8_000);
    await server.close();
  });

  test("a broken recording is named with its line", () => {
    const directory = emptyDirectory();
    writeFileSync(join(directory, "bad.jsonl"), '{"kind":"header","title":"t","request":"r","language":"en"}\nnot json\n');
    expect(readdirSync(directory)).toEqual(["bad.jsonl"]);
    expect(() => models({ RECORDINGS_DIR: directory })).toThrow(/bad\.jsonl:2/);
  });
});
