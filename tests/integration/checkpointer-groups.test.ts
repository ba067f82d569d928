import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { openDatabase } from "#db/client.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { longList, putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";
import { runningRun, type RunningRun } from "../helpers/running-run.ts";

const { database, url } = await testDatabase();
const { sql } = database;
const saver = new Checkpointer(database);

const running = (count: number) => Promise.all(Array.from({ length: count }, () => runningRun(sql)));

/** The transactions that wrote the checkpoints of these threads, one for each checkpoint. */
async function transactionsOf(runs: readonly RunningRun[]): Promise<string[]> {
  const ids = runs.map(({ threadId }) => threadId);
  const rows = await sql<{ xmin: string }[]>`select xmin::text from checkpoints where thread_id = any(${ids}::text[])`;
  return rows.map(({ xmin }) => xmin);
}

/** Holds a run's row until it is disposed of. */
async function holding(runId: string): Promise<AsyncDisposable & { takeOver: () => Promise<void> }> {
  const other = await openDatabase({ url, poolSize: 1 });
  const begun = Promise.withResolvers<void>();
  const over = Promise.withResolvers<boolean>();
  const held = other.sql.begin(async (transaction) => {
    await transaction`select 1 from runs where run_id = ${runId} for update`;
    begun.resolve();
    if (await over.promise) await transaction`update runs set epoch = epoch + 1 where run_id = ${runId}`;
  });
  await begun.promise;
  return {
    async takeOver() {
      over.resolve(true);
      await held;
    },
    async [Symbol.asyncDispose]() {
      over.resolve(false);
      await held;
      await other[Symbol.asyncDispose]();
    },
  };
}

it("writes what several runs have ready at once in few transactions, each with its own values", async () => {
  const runs = await running(10);
  await Promise.all(runs.map(({ config }, place) => putValues(saver, config, { place, list: place % 2 === 0 ? longList(40 + place) : [] })));
  const transactions = await transactionsOf(runs);
  expect(transactions).toHaveLength(10);
  expect(new Set(transactions).size).toBeLessThanOrEqual(2);
  for (const [place, { threadId }] of runs.entries()) {
    const tuple = await new Checkpointer(database).getTuple({ configurable: { thread_id: threadId } });
    expect(tuple?.checkpoint.channel_values).toEqual({ place, list: place % 2 === 0 ? longList(40 + place) : [] });
  }
});

it("refuses the one that was taken over, and writes the others", async () => {
  const runs = await running(4);
  await sql`update runs set epoch = 2 where run_id = ${runs[1]!.runId}`;
  const outcomes = await Promise.allSettled(runs.map(({ config }) => putValues(saver, config, { n: 1 })));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "lease_lost" } });
  expect(await transactionsOf([runs[1]!])).toEqual([]);
});

it("makes nobody wait for a run that somebody holds, and that one only until he lets go", async () => {
  const [held, ...others] = (await running(4)) as [RunningRun, ...RunningRun[]];
  await using holder = await holding(held.runId);
  const waiting = putValues(saver, held.config, { n: 1 });
  await Promise.all(others.map(({ config }) => putValues(saver, config, { n: 1 })));
  expect(await transactionsOf([held])).toEqual([]);
  await holder[Symbol.asyncDispose]();
  await waiting;
  expect(await transactionsOf([held])).toHaveLength(1);
});

it("refuses the one that is taken over while it waits", async () => {
  const [held, ...others] = (await running(3)) as [RunningRun, ...RunningRun[]];
  await using holder = await holding(held.runId);
  const waiting = expect(putValues(saver, held.config, { n: 1 })).rejects.toMatchObject({ code: "lease_lost" });
  await Promise.all(others.map(({ config }) => putValues(saver, config, { n: 1 })));
  await holder.takeOver();
  await waiting;
  expect(await transactionsOf([held])).toEqual([]);
});

it("tells an error to the one whose it is", async () => {
  const runs = await running(3);
  // longer than a key of an index may be
  const wrong = { configurable: { ...runs[1]!.config.configurable, checkpoint_ns: randomBytes(8_000).toString("hex") } };
  const outcomes = await Promise.allSettled([runs[0]!.config, wrong, runs[2]!.config].map((config) => putValues(saver, config, { n: 1 })));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "54000" } });
});

it("writes checkpoints of two subgraphs of one run, and what one knew of lists that were pruned meanwhile", async () => {
  const [first, second] = (await running(2)) as [RunningRun, RunningRun];
  const inside = (name: string) => ({ configurable: { ...first.config.configurable, checkpoint_ns: name } });
  await Promise.all([
    putValues(saver, inside("a:1"), { n: 1 }),
    putValues(saver, inside("b:2"), { n: 2 }),
    putValues(saver, second.config, { list: longList(60) }),
  ]);
  expect(await transactionsOf([first])).toHaveLength(2);

  // another process makes the thread's parts unsure
  await new Checkpointer(database).prune(second.threadId);
  await Promise.all([putValues(saver, first.config, { n: 3 }, { step: 1 }), putValues(saver, second.config, { list: longList(61) }, { step: 1 })]);
  const tuple = await new Checkpointer(database).getTuple({ configurable: { thread_id: second.threadId } });
  expect(tuple?.checkpoint.channel_values).toEqual({ list: longList(61) });
});
