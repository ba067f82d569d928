import { MemorySaver, type CheckpointTuple } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openDatabase } from "#db/client.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";

/**
 * Three processes, as far as a checkpointer can tell: connections and caches of their own. Each does what it is told, one thing after the
 * other, while the others do theirs on the same threads.
 */
const { database, url } = await testDatabase();
const others = await Promise.all([openDatabase({ url, poolSize: 2 }), openDatabase({ url, poolSize: 2 })]);
const savers = [database, ...others].map((one) => new Checkpointer(one));
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

afterAll(async () => {
  for (const other of others) await other[Symbol.asyncDispose]();
});

type Step =
  | { kind: "put"; thread: number; grow: number; cut: number; mark: number }
  | { kind: "prune"; thread: number; keep: number }
  | { kind: "delete"; thread: number }
  | { kind: "copy"; thread: number; to: number }
  | { kind: "read"; thread: number };

const THREADS = 2;
const thread = fc.nat(THREADS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  // few marks: writers share most of their parts, which is where they can take them from each other
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("put" as const), thread, grow: fc.integer({ min: 1, max: 12 }), cut: fc.nat(6), mark: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("prune" as const), thread, keep: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), thread }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("copy" as const), thread, to: fc.nat(THREADS - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), thread }) },
);
const programs = fc.tuple(...savers.map(() => fc.array(step, { minLength: 4, maxLength: 12 })));

const element = (mark: number, place: number) => `${mark}.${place} `.padEnd(120, `${place}-`);
const valuesOf = (tuple: CheckpointTuple) => tuple.checkpoint.channel_values;

interface Put {
  thread: number;
  id: string;
  startedAt: number;
  doneAt: number;
}

/** One run of three programs side by side, and everything that must hold during and after it. */
async function interleave(all: readonly (readonly Step[])[], ids: readonly string[]): Promise<void> {
  const config = (number: number) => ({ configurable: { thread_id: ids[number] ?? "", checkpoint_ns: "" } });
  const reference = new MemorySaver();
  const puts: Put[] = [];
  const removals: { thread: number; kind: "prune" | "delete"; startedAt: number; doneAt: number }[] = [];
  let clock = 0;
  let count = 0;

  /** Whatever is read is what was put under that id, wherever it was copied to. */
  async function check(tuple: CheckpointTuple): Promise<void> {
    const known = await reference.getTuple({ configurable: { thread_id: "all", checkpoint_ns: "", checkpoint_id: tuple.checkpoint.id } });
    if (known === undefined) throw new Error(`nobody put ${tuple.checkpoint.id}`);
    expect(valuesOf(tuple)).toEqual(valuesOf(known));
  }

  await Promise.all(
    all.map(async (steps, process) => {
      const saver = savers[process];
      if (saver === undefined) throw new Error("no such process");
      const lists = Array.from({ length: THREADS }, (): string[] => []);
      for (const one of steps) {
        const startedAt = (clock += 1);
        if (one.kind === "put") {
          const before = lists[one.thread] ?? [];
          const list = before.slice(0, Math.max(0, before.length - one.cut));
          for (let left = one.grow; left > 0; left -= 1) list.push(element(one.mark, list.length));
          lists[one.thread] = list;
          count += 1;
          const values = { list, small: `${process} ${count}` };
          const { checkpoint } = await putValues(saver, config(one.thread), values, { step: count });
          await reference.put(
            { configurable: { thread_id: "all", checkpoint_ns: "" } },
            { ...checkpoint, channel_values: structuredClone(values) },
            { source: "loop", step: 0, parents: {} },
          );
          puts.push({ thread: one.thread, id: checkpoint.id, startedAt, doneAt: (clock += 1) });
        } else if (one.kind === "read") {
          const tuple = await saver.getTuple(config(one.thread));
          // a put that has written but not come back is not in the reference yet
          if (tuple !== undefined && puts.some((put) => put.id === tuple.checkpoint.id)) await check(tuple);
        } else if (one.kind === "copy") {
          if (one.to !== one.thread) await saver.copyThread(ids[one.thread] ?? "", ids[one.to] ?? "");
        } else {
          await (one.kind === "prune" ? saver.prune(ids[one.thread] ?? "", one.keep) : saver.deleteThread(ids[one.thread] ?? ""));
          removals.push({ thread: one.thread, kind: one.kind, startedAt, doneAt: (clock += 1) });
        }
      }
    }),
  );

  // read by somebody who knows nothing
  const fresh = new Checkpointer(database);
  for (let number = 0; number < THREADS; number += 1) {
    const left = new Set<string>();
    for await (const tuple of fresh.list(config(number))) {
      await check(tuple);
      left.add(tuple.checkpoint.id);
    }
    const mine = puts.filter((put) => put.thread === number);
    const lastRemoval = Math.max(0, ...removals.filter((one) => one.thread === number).map((one) => one.doneAt));
    for (const put of mine) if (put.startedAt > lastRemoval) expect(left).toContain(put.id);
    const lastDelete = Math.max(0, ...removals.filter((one) => one.thread === number && one.kind === "delete").map((one) => one.doneAt));
    // a prune never takes the newest
    const survivors = mine.filter((put) => put.startedAt > lastDelete).map((put) => put.id);
    const newest = survivors.toSorted().at(-1);
    if (newest !== undefined) expect([...left].toSorted().at(-1)?.localeCompare(newest)).toBeGreaterThanOrEqual(0);
    // and what nobody needs is gone after one more
    await fresh.prune(ids[number] ?? "");
    const tuple = await fresh.getTuple(config(number));
    if (left.size > 0) expect(tuple?.checkpoint.id).toBe([...left].toSorted().at(-1));
    if (tuple !== undefined) await check(tuple);
    await fresh.deleteThread(ids[number] ?? "");
  }
  const rows = await database.sql`
    select 1 from checkpoint_parts where thread_id = any(${[...ids]}) union all select 1 from checkpoint_blobs where thread_id = any(${[...ids]})
    union all select 1 from checkpoints where thread_id = any(${[...ids]}) union all select 1 from checkpoint_gates where thread_id = any(${[...ids]})`;
  expect(rows.length).toBe(0);
}

describe("put, prune, copy, delete and read from three processes at once", () => {
  it(`lose no part of a list that somebody still needs (SEED=${seed})`, async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(programs, async (all) => {
        round += 1;
        await interleave(
          all,
          Array.from({ length: THREADS }, (_, number) => `concurrent-${seed}-${round}-${number}`),
        );
      }),
      // real interleavings do not shrink: the next run is another one
      { seed, numRuns: 40, endOnFailure: true },
    );
  });
});

describe("a process that believes parts to be stored", () => {
  const list = Array.from({ length: 40 }, (_, place) => element(0, place));
  const [writer, remover] = [savers[0] as Checkpointer, savers[1] as Checkpointer];

  it.each([
    ["pruned", (id: string) => remover.prune(id)],
    ["deleted", (id: string) => remover.deleteThread(id)],
    ["deleted with the run", (id: string) => remover.deleteForRuns(id, ["a run"])],
  ])("sends them again after they were %s by another", async (_, remove) => {
    const id = `believes-${crypto.randomUUID()}`;
    const config = { configurable: { thread_id: id, checkpoint_ns: "" } };
    await putValues(writer, config, { list }, { metadata: { run_id: "a run" } });
    // a newer one without the list: nothing holds the parts any more
    await putValues(remover, config, { small: 1 }, { step: 1, metadata: { run_id: "another" } });
    await remove(id);
    expect((await database.sql`select 1 from checkpoint_parts where thread_id = ${id}`).length).toBe(0);
    await putValues(writer, config, { list }, { step: 2 });
    expect((await new Checkpointer(database).getTuple(config))?.checkpoint.channel_values).toEqual({ list });
  });

  it("waits for a prune underway and then sends them again", async () => {
    const id = `underway-${crypto.randomUUID()}`;
    const config = { configurable: { thread_id: id, checkpoint_ns: "" } };
    await putValues(writer, config, { list });
    await putValues(remover, config, { small: 1 }, { step: 1 });
    let put: Promise<unknown> = Promise.resolve();
    await others[1]?.sql.begin(async (sql) => {
      // what a prune does, held open in the middle: the gate first, then the parts
      await sql`update checkpoint_gates set generation = generation + 1 where thread_id = ${id}`;
      put = putValues(writer, config, { list }, { step: 2 });
      await expect
        .poll(async () => (await database.sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length, {
          interval: 10,
        })
        .toBeGreaterThan(0);
      await sql`delete from checkpoint_parts where thread_id = ${id}`;
    });
    await put;
    expect((await new Checkpointer(database).getTuple(config))?.checkpoint.channel_values).toEqual({ list });
  });
});
