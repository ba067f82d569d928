import { randomBytes, randomUUID } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { describe, expect, it } from "vitest";
import { FENCE_KEY, makeFence } from "#runtime/checkpointer-config.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { longList, putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";
import { runningRun } from "../helpers/running-run.ts";

const { database } = await testDatabase();
const { sql } = database;

/** A running run with a checkpoint on its thread. */
async function begunRun(): Promise<{ runId: string; threadId: string; saver: Checkpointer; at: RunnableConfig }> {
  const { runId, threadId, config: begun } = await runningRun(sql);
  const saver = new Checkpointer(database);
  const { config } = await putValues(saver, begun, { list: longList(3) });
  return { runId, threadId, saver, at: config };
}

const writesOf = (threadId: string) =>
  sql<
    { task_id: string; idx: number; xmin: string }[]
  >`select task_id, idx, xmin::text from checkpoint_writes where thread_id = ${threadId} order by task_id, idx`;

describe("what the tasks of a step produced", () => {
  it("goes in one transaction with the checkpoint that follows at once", async () => {
    const { saver, at, threadId } = await begunRun();
    await Promise.all([
      saver.putWrites(at, [["list", "a"]], "task 1"),
      saver.putWrites(at, [["list", "b"]], "task 2"),
      putValues(saver, at, { list: longList(4) }, { step: 1 }),
    ]);
    const [head] = await sql<{ xmin: string }[]>`select xmin::text from checkpoints where thread_id = ${threadId} order by checkpoint_id desc limit 1`;
    expect(await writesOf(threadId)).toEqual([
      { task_id: "task 1", idx: 0, xmin: head?.xmin },
      { task_id: "task 2", idx: 0, xmin: head?.xmin },
    ]);
  });

  it("is written where no checkpoint follows", async () => {
    const { saver, at, threadId } = await begunRun();
    await Promise.all([saver.putWrites(at, [["list", "a"]], "task 1"), saver.putWrites(at, [["__interrupt__", { value: "?" }]], "task 2")]);
    expect(await writesOf(threadId)).toMatchObject([{ task_id: "task 1" }, { task_id: "task 2", idx: -3 }]);
  });

  it("keeps a task's first result and its last question, also within one turn", async () => {
    const { saver, at, threadId } = await begunRun();
    await Promise.all([
      saver.putWrites(at, [["list", "first"]], "task"),
      saver.putWrites(at, [["list", "second"]], "task"),
      saver.putWrites(at, [["__interrupt__", "first"]], "task"),
      saver.putWrites(at, [["__interrupt__", "second"]], "task"),
    ]);
    expect(await writesOf(threadId)).toHaveLength(2);
    const tuple = await saver.getTuple({ configurable: { thread_id: threadId } });
    expect(tuple?.pendingWrites).toEqual(
      expect.arrayContaining([
        ["task", "list", "first"],
        ["task", "__interrupt__", "second"],
      ]),
    );
  });

  it("is refused with its checkpoint once the run was taken over, and its run only", async () => {
    const [lost, kept] = [await begunRun(), await begunRun()];
    await sql`update runs set epoch = 2 where run_id = ${lost.runId}`;
    const written = await Promise.allSettled(
      [lost, kept].flatMap(({ saver, at }) => [saver.putWrites(at, [["list", "a"]], "task"), putValues(saver, at, { list: longList(4) }, { step: 1 })]),
    );
    expect(written).toMatchObject([
      { status: "rejected", reason: { code: "lease_lost" } },
      { status: "rejected", reason: { code: "lease_lost" } },
      { status: "fulfilled" },
      { status: "fulfilled" },
    ]);
    expect(await writesOf(lost.threadId)).toEqual([]);
    expect(await writesOf(kept.threadId)).toHaveLength(1);
  });

  it("is kept when the checkpoint that follows cannot be written", async () => {
    const { saver, at, threadId } = await begunRun();
    // an id that is too long for the index
    const checkpoint = {
      v: 4,
      id: randomBytes(10_000).toString("hex"),
      ts: new Date().toISOString(),
      channel_values: {},
      channel_versions: {},
      versions_seen: {},
    };
    const [task, step] = await Promise.allSettled([
      saver.putWrites(at, [["list", "a"]], "task"),
      saver.put(at, checkpoint, { source: "loop", step: 1, parents: {} }, {}),
    ]);
    expect({ task: task.status, step: step.status }).toEqual({ task: "fulfilled", step: "rejected" });
    expect(await writesOf(threadId)).toHaveLength(1);
  });

  it("goes with a checkpoint also where the one before is on its way still", async () => {
    const { saver, at, threadId } = await begunRun();
    const first = putValues(saver, at, { list: longList(4) }, { step: 1 });
    const writing = saver.putWrites(at, [["list", "a"]], "task");
    const second = first.then(({ config }) =>
      putValues(saver, { configurable: { ...at.configurable, ...config.configurable } }, { list: longList(5) }, { step: 2 }),
    );
    await Promise.all([writing, second]);
    const checkpoints = await sql<{ xmin: string }[]>`select xmin::text from checkpoints where thread_id = ${threadId}`;
    const [write] = await writesOf(threadId);
    expect(checkpoints.map((checkpoint) => checkpoint.xmin)).toContain(write?.xmin);
  });
});

describe("a run on a thread without checkpoints", () => {
  it("finds none until it has written one, and what other threads hold at any time", async () => {
    const { saver, runId, threadId, at } = await begunRun();
    const emptyThread = randomUUID();
    const fence = { [FENCE_KEY]: makeFence({ runId, epoch: 1, freshThread: emptyThread }) };
    const here = { configurable: { thread_id: emptyThread, ...fence } };
    expect(await saver.getTuple(here)).toBeUndefined();
    expect(await saver.getTuple({ configurable: { ...at.configurable, thread_id: threadId, ...fence } })).toBeDefined();
    await putValues(saver, here, { list: longList(1) });
    expect(await saver.getTuple(here)).toBeDefined();
    // a node's own copy of its config
    expect(await saver.getTuple(structuredClone(here))).toBeDefined();
  });
});
