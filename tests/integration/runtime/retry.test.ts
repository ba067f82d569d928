import { describe, expect, test } from "vitest";
import { createLog } from "#log";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { testDatabase } from "../../helpers/database.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

const never = new AbortController().signal;

/** The run has ended in the table (its old stream had ended before). */
function over(runtime: Runtime, thread: string, runId: string) {
  return eventually(
    () => runtime.services.runs.get(LOCAL, thread, runId),
    (run) => run.status === "success",
  );
}

describe("an attempt that follows a crash", () => {
  test("applies the input once, whether a checkpoint was written before or not", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database);
    await runtime.start();
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const go = async () => {
      const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "counter", input: { total: 1 } }, NO_HEADERS);
      return { run, values: await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never }) };
    };
    expect((await go()).values).toEqual({ total: 1 });
    const { run, values } = await go();
    expect(values).toEqual({ total: 2 });
    // the last run again, as if its worker had died after its last checkpoint and before its end was committed
    await database.sql`update runs set status = 'running', worker = 'gone' where run_id = ${run.run_id}`;
    await over(runtime, thread, run.run_id);
    expect((await runtime.services.threads.get(LOCAL, thread)).values).toEqual({ total: 2 });
    const history = await runtime.services.threads.history(LOCAL, thread, { limit: 100 });
    expect(history.filter((one) => one.metadata["source"] === "input")).toHaveLength(2);
  });

  test.each([
    [["updates"], false],
    [["updates", "values"], true],
  ] as const)("goes on in a stream of %o, with the state between only where states are streamed", async (stream_mode, tells) => {
    const { database } = await testDatabase();
    await using bus = await openPostgresBus({ database, log: createLog("silent") });
    await using runtime = await testRuntime(database, { bus });
    await runtime.start();
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const input = { assistant_id: "counter", input: { total: 1 }, stream_mode: [...stream_mode], stream_resumable: true };
    const run = await runtime.services.runs.create(LOCAL, thread, input, NO_HEADERS);
    const follow = async () => {
      const options = { lastEventId: "-1", cancelOnDisconnect: false, streamModes: null, signal: never };
      const frames = [];
      for await (const frame of await runtime.services.runs.joinStream(LOCAL, thread, run.run_id, options)) frames.push(frame);
      return frames;
    };
    await follow();
    await database.sql`update runs set status = 'running', worker = 'gone' where run_id = ${run.run_id}`;
    await over(runtime, thread, run.run_id);
    const frames = await follow();
    const second = frames.findLastIndex((frame) => frame.event === "metadata");
    expect(Number(frames[second]?.id)).toBeGreaterThan(1_000);
    expect(frames[second - 1]).toMatchObject(tells ? { event: "values", data: '{"total":1}' } : { event: "updates" });
  });

  test("gives an answer to the question it was meant for, and to no later one", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database);
    await runtime.start();
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const go = async (input: object) => {
      const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "two_questions", ...input }, NO_HEADERS);
      await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
      return run.run_id;
    };
    const pending = async () => (await runtime.services.approvals.list(LOCAL, { thread_id: thread, state: "pending", limit: 10, offset: 0 })).items;
    await go({ input: { answers: [] } });
    const [first] = await pending();
    const answered = await go({ command: { resume: "one" } });
    const [second] = await pending();
    expect(second?.interruptId).toBe(first?.interruptId);
    expect(second?.id).not.toBe(first?.id);
    // died after the second question was stored, before the run's end was committed
    await database.sql`update approvals set state = 'superseded' where id = ${second?.id ?? ""}`;
    await database.sql`update approvals set state = 'resuming' where id = ${first?.id ?? ""}`;
    await database.sql`update runs set status = 'running', worker = 'gone' where run_id = ${answered}`;
    await over(runtime, thread, answered);
    expect((await pending()).map((one) => one.payload)).toEqual([{ question: 2 }]);
    expect(await runtime.services.approvals.get(LOCAL, first?.id ?? "")).toMatchObject({ state: "done" });
    await go({ command: { resume: "two" } });
    expect((await runtime.services.threads.get(LOCAL, thread)).values).toEqual({ answers: ["one", "two"] });
  });
});

describe("a node whose own service is not there", () => {
  test("fails once: its refused connection is not an outage of ours", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database);
    await runtime.start();
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const { tries } = await import("../../fixtures/graphs/unreachable.ts");
    const before = tries();
    const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "unreachable", input: { port: 1 } }, NO_HEADERS);
    const answer = await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
    expect(answer).toMatchObject({ __error__: { message: expect.stringContaining("ECONNREFUSED") } });
    expect(tries() - before).toBe(1);
  });
});
