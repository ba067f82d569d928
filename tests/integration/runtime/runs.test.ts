import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Runtime } from "#runtime/create-runtime.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import { testDatabase } from "../../helpers/database.ts";
import { LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

let runtime: Runtime;
const never = new AbortController().signal;

beforeAll(async () => {
  const { database } = await testDatabase();
  runtime = await testRuntime(database);
  await runtime.start();
});

afterAll(() => runtime[Symbol.asyncDispose]());

async function newThread(): Promise<string> {
  return (await runtime.services.threads.create(LOCAL, {})).thread_id;
}

async function collect(stream: AsyncIterable<StreamFrame>): Promise<{ id: string; event: string; data: unknown }[]> {
  const frames = [];
  for await (const frame of stream) frames.push({ ...frame, data: JSON.parse(frame.data) as unknown });
  return frames;
}

describe("a run on a thread", () => {
  test("is created, joined, and leaves its state", async () => {
    const { runs, threads } = runtime.services;
    const thread = await newThread();
    const run = await runs.create(LOCAL, thread, { assistant_id: "echo", input: { text: "hi" } }, NO_HEADERS);
    expect(run).toMatchObject({ status: "pending", thread_id: thread, multitask_strategy: "reject" });
    expect(await runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toEqual({ text: "hi", answer: "you said hi" });
    expect(await runs.get(LOCAL, thread, run.run_id)).toMatchObject({ status: "success" });
    const state = await threads.state(LOCAL, thread, { subgraphs: false });
    expect(state).toMatchObject({ values: { text: "hi", answer: "you said hi" }, next: [], tasks: [] });
    const row = await threads.get(LOCAL, thread);
    expect(row).toMatchObject({ status: "idle", values: { answer: "you said hi" }, metadata: { graph_id: "echo" } });
    expect((await threads.history(LOCAL, thread, { limit: 10 })).map((one) => one.next)).toEqual([[], ["echo"], ["__start__"]]);
  });

  test("that was over before it is joined tells what its thread holds now, in the process that executed it too", async () => {
    const { runs } = runtime.services;
    const thread = await newThread();
    const add = async () => {
      const { run_id } = await runs.create(LOCAL, thread, { assistant_id: "counter", input: { total: 1 } }, NO_HEADERS);
      await runs.join(LOCAL, thread, run_id, { cancelOnDisconnect: false, signal: never });
      return run_id;
    };
    const first = await add();
    await add();
    expect(await runs.join(LOCAL, thread, first, { cancelOnDisconnect: false, signal: never })).toEqual({ total: 2 });
  });

  test("streams metadata first, then the state after each step, numbered from 0", async () => {
    const { run, stream } = await runtime.services.runs.stream(
      LOCAL,
      await newThread(),
      { assistant_id: "echo", input: { text: "hi" }, stream_mode: ["values", "updates"] },
      { ...NO_HEADERS, signal: never },
    );
    const frames = await collect(stream);
    expect(frames).toEqual([
      { id: "0", event: "metadata", data: { run_id: run.run_id, attempt: 1 } },
      { id: "1", event: "values", data: { text: "hi" } },
      { id: "2", event: "updates", data: { echo: { answer: "you said hi" } } },
      { id: "3", event: "values", data: { text: "hi", answer: "you said hi" } },
    ]);
  });
});

describe("a slow reader", () => {
  test("gets all of a run that has long ended", async () => {
    const { stream } = await runtime.services.runs.stream(
      LOCAL,
      await newThread(),
      { assistant_id: "slow", input: { steps: 5, ms: 1 }, stream_mode: ["custom"] },
      { ...NO_HEADERS, signal: never },
    );
    const events: string[] = [];
    for await (const frame of stream) {
      events.push(frame.event);
      // longer than a stream stays open for an end marker that was lost
      if (events.length === 2) await new Promise((resolve) => setTimeout(resolve, 4_000));
    }
    expect(events).toEqual(["metadata", ...Array.from({ length: 5 }, () => "custom")]);
  });
});

describe("what a stream carries", () => {
  test("messages arrive whole and in pieces, from a subgraph too", async () => {
    const { stream } = await runtime.services.runs.stream(
      LOCAL,
      await newThread(),
      {
        assistant_id: "talker",
        input: { messages: [{ type: "human", content: "foo", id: "m1" }] },
        stream_mode: ["messages-tuple", "messages", "values"],
        stream_subgraphs: true,
      },
      { ...NO_HEADERS, signal: never },
    );
    const frames = await collect(stream);
    const events = frames.map((frame) => frame.event.split(":")[0]);
    expect(events[0]).toBe("metadata");
    expect(events).toContain("messages|inner");
    expect(events).toContain("messages/partial");
    expect(events).toContain("values|inner");
    const complete = frames.find((frame) => frame.event === "messages/complete")?.data;
    expect(complete).toEqual([{ type: "human", content: "foo", id: "m1", additional_kwargs: {}, response_metadata: {} }]);
    const last = frames.findLast((frame) => frame.event === "values")?.data as { messages: { type: string; content: string }[] };
    expect(last.messages.map((message) => [message.type, message.content])).toEqual([
      ["human", "foo"],
      ["ai", "hello"],
    ]);
    const pieces = frames.filter((frame) => frame.event.startsWith("messages|inner")).map((frame) => (frame.data as [{ content: string }])[0].content);
    expect(pieces.join("")).toBe("hello");
  });

  test("debug, tasks, checkpoints, custom and events hold nothing of the server's own", async () => {
    const { stream } = await runtime.services.runs.stream(
      LOCAL,
      await newThread(),
      { assistant_id: "slow", input: { steps: 1, ms: 1 }, stream_mode: ["debug", "tasks", "checkpoints", "custom", "events"] },
      { ...NO_HEADERS, signal: never },
    );
    const frames = await collect(stream);
    expect(new Set(frames.map((frame) => frame.event))).toEqual(new Set(["metadata", "debug", "tasks", "checkpoints", "custom", "events"]));
    expect(frames.find((frame) => frame.event === "custom")?.data).toEqual({ step: 1 });
    expect(JSON.stringify(frames)).not.toContain("__slipway");
    expect(JSON.stringify(frames)).not.toMatch(/__pregel_(?!pull|push)/);
  });

  test("an error is the last event, and the run, its thread and a join tell it", async () => {
    const thread = await newThread();
    const { run, stream } = await runtime.services.runs.stream(LOCAL, thread, { assistant_id: "boom", input: { times: 1 } }, { ...NO_HEADERS, signal: never });
    const frames = await collect(stream);
    expect(frames.at(-1)).toMatchObject({ event: "error", data: { error: "CustomError", message: "Boo!" } });
    expect(await runtime.services.runs.get(LOCAL, thread, run.run_id)).toMatchObject({ status: "error" });
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "error", error: { error: "CustomError" } });
    expect(await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toEqual({
      __error__: { error: "CustomError", message: "Boo!" },
    });
  });

  test("is replayed from any position, and closes when the run is over", async () => {
    const thread = await newThread();
    const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "echo", input: { text: "x" }, stream_resumable: true }, NO_HEADERS);
    const from = async (lastEventId: string | null) =>
      (
        await collect(
          await runtime.services.runs.joinStream(LOCAL, thread, run.run_id, { lastEventId, cancelOnDisconnect: false, streamModes: null, signal: never }),
        )
      ).map((frame) => frame.id);
    expect(await from("-1")).toEqual(["0", "1", "2"]);
    expect(await from("0")).toEqual(["1", "2"]);
    expect(await from("2")).toEqual([]);
    expect(await from(null)).toEqual([]);
  });
});

describe("a graph", () => {
  test("that throws on load is named with its error, and the others are served", async () => {
    const broken = runtime.services.runs.create(LOCAL, await newThread(), { assistant_id: "broken" }, NO_HEADERS);
    await expect(broken).rejects.toMatchObject({ code: "graph_load_failed", message: expect.stringContaining("this graph cannot be loaded") as string });
    await expect(runtime.services.runs.create(LOCAL, await newThread(), { assistant_id: "nobody" }, NO_HEADERS)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("No assistant found") as string,
    });
  });

  test("is drawn, with the schemas that are known", async () => {
    const { assistants } = runtime.services;
    expect(await assistants.graph(LOCAL, "echo", false)).toMatchObject({ nodes: expect.arrayContaining([expect.objectContaining({ id: "echo" })]) as unknown });
    expect(await assistants.schemas(LOCAL, "echo")).toMatchObject({ graph_id: "echo", state_schema: { properties: { text: {}, answer: {} } } });
    expect(Object.keys(await assistants.subgraphs(LOCAL, "talker", { recurse: true }))).toEqual(["inner"]);
  });
});
