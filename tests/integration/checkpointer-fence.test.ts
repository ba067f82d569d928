import { describe, expect, it } from "vitest";
import { openDatabase } from "#db/client.ts";
import { FENCE_KEY } from "#runtime/checkpointer-config.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { longList, putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";
import { runningRun } from "../helpers/running-run.ts";

const { database, url } = await testDatabase();
const { sql } = database;

async function countRows(threadId: string): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`
    select (select count(*) from checkpoints where thread_id = ${threadId})::int + (select count(*) from checkpoint_blobs where thread_id = ${threadId})::int
      + (select count(*) from checkpoint_writes where thread_id = ${threadId})::int + (select count(*) from checkpoint_parts where thread_id = ${threadId})::int as rows`;
  return row?.rows ?? -1;
}

/** True once some session of this database waits for a row lock. */
async function somebodyWaits(): Promise<void> {
  await expect
    .poll(async () => (await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length, { interval: 10 })
    .toBeGreaterThan(0);
}

describe("the fence", () => {
  it("lets the run that holds it write", async () => {
    const { config, threadId } = await runningRun(sql);
    const saver = new Checkpointer(database);
    const { config: at } = await putValues(saver, config, { list: longList(5) });
    await saver.putWrites(at, [["list", "more"]], "task");
    expect(await countRows(threadId)).toBeGreaterThan(3);
  });

  it.each([
    ["another epoch", "update runs set epoch = 2 where run_id = $1"],
    ["a run that ended", "update runs set status = 'success' where run_id = $1"],
    ["a run that is gone", "delete from runs where run_id = $1"],
  ])("refuses %s and writes nothing", async (_, change) => {
    const { config, runId, threadId } = await runningRun(sql);
    const saver = new Checkpointer(database);
    const { config: at } = await putValues(saver, config, { list: longList(5) });
    const before = await countRows(threadId);
    await sql.unsafe(change, [runId]);
    await expect(putValues(saver, at, { list: longList(9) }, { step: 1 })).rejects.toMatchObject({ code: "lease_lost" });
    await expect(saver.putWrites(at, [["list", "x"]], "task")).rejects.toMatchObject({ code: "lease_lost" });
    expect(await countRows(threadId)).toBe(before);
  });

  it("refuses a write that was on its way when the takeover committed", async () => {
    const { config, runId, threadId } = await runningRun(sql);
    const saver = new Checkpointer(database);
    const { config: at } = await putValues(saver, config, { list: longList(5) });
    const before = await countRows(threadId);
    await using other = await openDatabase({ url, poolSize: 1 });
    for (const write of [() => putValues(saver, at, { list: longList(9) }, { step: 1 }), () => saver.putWrites(at, [["list", "x"]], "task")]) {
      let zombie: Promise<unknown> = Promise.resolve();
      await other.sql.begin(async (takeover) => {
        await takeover`update runs set epoch = epoch + 1 where run_id = ${runId}`;
        // its snapshot is taken now, while the old epoch is what everybody sees
        zombie = expect(write()).rejects.toMatchObject({ code: "lease_lost" });
        await somebodyWaits();
      });
      await zombie;
      expect(await countRows(threadId)).toBe(before);
      await sql`update runs set epoch = 1 where run_id = ${runId}`;
    }
  });

  it("makes a takeover wait for the write in flight, so that the new owner reads it", async () => {
    const { config, runId, threadId } = await runningRun(sql);
    const saver = new Checkpointer(database);
    const { config: at } = await putValues(saver, config, { list: longList(5) });
    await using other = await openDatabase({ url, poolSize: 2 });
    // a put that has written but not committed yet: held back by a lock on the row that its insert needs
    let written: Promise<unknown> = Promise.resolve();
    let seenByTakeover = -1;
    let takeover: Promise<unknown> = Promise.resolve();
    await other.sql.begin(async (blocker) => {
      const { configurable = {} } = at;
      await blocker`insert into checkpoint_writes values (${threadId}, '', ${String(configurable["checkpoint_id"])}, 'task', 0, 'list', 'json', '1')`;
      written = saver.putWrites(
        at,
        [
          ["list", "x"],
          ["list", "y"],
        ],
        "task",
      );
      await somebodyWaits();
      takeover = other.sql.begin(async (next) => {
        await next`update runs set epoch = epoch + 1 where run_id = ${runId}`;
        const [row] = await next<{ writes: number }[]>`select count(*)::int as writes from checkpoint_writes where thread_id = ${threadId}`;
        seenByTakeover = row?.writes ?? -1;
      });
      await expect
        .poll(async () => (await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length, { interval: 10 })
        .toBe(2);
    });
    await Promise.all([written, takeover]);
    expect(seenByTakeover).toBe(2);
  });

  it("never lets a zombie's write stand beside a takeover, in a storm of both", async () => {
    const { runId, threadId } = await runningRun(sql);
    const savers = [new Checkpointer(database), new Checkpointer(database)];
    let epoch = 1;
    let lost = 0;
    for (let round = 0; round < 60; round += 1) {
      const mine = epoch;
      const config = { configurable: { thread_id: threadId, [FENCE_KEY]: { runId, epoch: mine } } };
      const write = () =>
        savers.map((saver, place) => putValues(saver, config, { list: longList(4, `${round} ${place}`) }, { step: round, metadata: { epoch: mine } }));
      const takeOver = () =>
        sql.begin(async (tx) => {
          await tx`update runs set epoch = ${mine + 1} where run_id = ${runId}`;
          const [row] = await tx<
            { count: number }[]
          >`select count(*)::int as count from checkpoints where thread_id = ${threadId} and (metadata ->> 'epoch')::int = ${mine}`;
          return row?.count ?? -1;
        });
      // who starts first takes turns
      const early = round % 3 === 0 ? write() : [];
      const takeover = takeOver();
      if (round % 3 === 2) await sql`select 1`;
      const writes = early.length > 0 ? early : write();
      const [seen, ...results] = await Promise.all([
        takeover,
        ...writes.map((write) =>
          write.then(
            () => true,
            () => false,
          ),
        ),
      ]);
      const [row] = await sql<
        { count: number }[]
      >`select count(*)::int as count from checkpoints where thread_id = ${threadId} and (metadata ->> 'epoch')::int = ${mine}`;
      // what the new owner saw is all there will ever be of the old one
      expect(row?.count).toBe(seen);
      expect(results.filter(Boolean)).toHaveLength(Number(seen));
      lost += results.filter((result) => !result).length;
      epoch += 1;
    }
    console.log(`storm: ${lost} of 120 writes lost the race`);
  });
});
