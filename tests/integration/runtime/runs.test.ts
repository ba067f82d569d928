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
